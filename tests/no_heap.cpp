// Training and inference with allocation functions that abort: the core has no heap, exceptions
// or RTTI. Built header-only; with -DPLANTED a `new` stands in the middle and must be found.
#include <etch/models/lenet.hpp>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace {
bool forbidden = false;
}  // namespace

// glibc's own allocator stands behind these names.
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* malloc(std::size_t size) {
  if (forbidden) std::abort();
  return __libc_malloc(size);
}
void* operator new(std::size_t size) {
  if (forbidden) std::abort();
  return __libc_malloc(size);
}
void operator delete(void*) noexcept {
  if (forbidden) std::abort();
}
void operator delete(void*, std::size_t) noexcept {
  if (forbidden) std::abort();
}

using namespace etch;
using Net = Network<convnet<10>, Shape{1, 28, 28}>;

static Trainer<Net, CrossEntropyLoss{}, Adam{.lr = 1e-2}, Training{.batch = 4}> trainer;
static Inference<Net> net{trainer.parameters()};
static float images[4 * 784];
static const std::int32_t labels[4] = {1, 2, 3, 4};
#if defined(PLANTED)
static int* volatile planted;
#endif

int main() {
  Generator random{1};
  for (float& v : images) v = random.uniform();
  forbidden = true;
  const float first = trainer.step(images, labels);
  float last = first;
  for (int i = 0; i < 5; ++i) last = trainer.step(images, labels);
#if defined(PLANTED)
  planted = new int(1);
#endif
  const std::span<const float, 10> logits = net(std::span<const float, 784>(images, 784));
  forbidden = false;
  std::printf("loss %g -> %g, first logit %g\n", static_cast<double>(first),
              static_cast<double>(last), static_cast<double>(logits[0]));
  return last < first ? 0 : 1;
}
