// One translation unit with ResNet-101 for training and inference at 3x224x224: what
// tests/compile_cost/check.sh measures.
#include <etch/models/resnet.hpp>

using namespace etch;

using Net = Network<resnet101<1000>, Shape{3, 224, 224}>;
using Training1 = Trainer<Net, CrossEntropyLoss{}, Adam{}, Training{.batch = 1, .threads = 2}>;

static_assert(Net::num_parameters == 44'549'160);

float train(Training1& trainer, std::span<const float> images,
            std::span<const std::int32_t> labels) {
  return trainer.step(images, labels);
}

std::span<const float, 1000> infer(Inference<Net>& net, std::span<const float, 150528> image) {
  return net(image);
}
