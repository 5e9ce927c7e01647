// A program that allocates: it must not link, for want of _sbrk.
int* volatile kept;

int main() {
  kept = new int(1);  // kept: a pair of new and delete would be left out by the compiler
  return 0;
}
