// The worst of what a core's Arduino.h defines, to compile sketches against.
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define PI 3.1415926535897932384626433832795
#define HIGH 1
#define LOW 0
#define INPUT 0
#define OUTPUT 1
#define DEFAULT 1
#define B0 0
#define B1 1
#define B10 2
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define abs(x) ((x) > 0 ? (x) : -(x))
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x)-0.5))
#define constrain(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))
#define sq(x) ((x) * (x))
#define bit(b) (1UL << (b))
#define bitRead(value, bit) (((value) >> (bit)) & 1)
#define lowByte(w) ((uint8_t)((w)&0xff))
#define F(text) (text)

struct SerialPort {
  void begin(unsigned long baud);
  void println(double x);
};
extern SerialPort Serial;
