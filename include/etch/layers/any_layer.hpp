// All layers of the library that hold no others: what a file or a program at run time can choose
// from. One more is one more here.
#pragma once
#include <etch/layers/avg_pool2d.hpp>
#include <etch/layers/batch_norm.hpp>
#include <etch/layers/conv2d.hpp>
#include <etch/layers/conv_transpose2d.hpp>
#include <etch/layers/dropout.hpp>
#include <etch/layers/elu.hpp>
#include <etch/layers/flatten.hpp>
#include <etch/layers/gelu.hpp>
#include <etch/layers/hardsigmoid.hpp>
#include <etch/layers/hardswish.hpp>
#include <etch/layers/hardtanh.hpp>
#include <etch/layers/leaky_relu.hpp>
#include <etch/layers/linear.hpp>
#include <etch/layers/log_softmax.hpp>
#include <etch/layers/max_pool2d.hpp>
#include <etch/layers/padding2d.hpp>
#include <etch/layers/prelu.hpp>
#include <etch/layers/relu.hpp>
#include <etch/layers/relu6.hpp>
#include <etch/layers/sigmoid.hpp>
#include <etch/layers/silu.hpp>
#include <etch/layers/softmax.hpp>
#include <etch/layers/tanh.hpp>
#include <etch/layers/upsample.hpp>

#include <variant>

namespace etch {

// Any of them, as a value of one type.
using AnyLayer =
    std::variant<ReLU, Conv2d, Linear, BatchNorm2d, BatchNorm1d, MaxPool2d, AvgPool2d,
                 GlobalAvgPool2d, ReLU6, LeakyReLU, Sigmoid, Tanh, Softmax, Dropout, Flatten,
                 Hardtanh, Hardsigmoid, Hardswish, ELU, SiLU, GELU, LogSoftmax, PReLU,
                 ConvTranspose2d, Upsample, ZeroPad2d, ReflectionPad2d, ReplicationPad2d>;

}  // namespace etch
