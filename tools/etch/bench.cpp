// etch bench: how long a model's inference or training step takes, and the memory of it.
#include "commands.hpp"

#include "program/benchmark.hpp"
#include "surroundings.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/program/program.hpp>
#include <etch/host/training/settings.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace etch::host {
namespace {

struct BenchOptions {
  std::string model, mode = "inference", algorithm = "gemm";
  std::string update, recompute, optimizer;  // empty: not given
  std::size_t batch = 1, threads = 1, size = 0, repeat = 0;
  bool winograd = false, json = false;

  bool trains() const { return mode == "training"; }
};

std::optional<Algorithm> algorithm_of(const BenchOptions& o) {
  if (o.algorithm == "loops") return Algorithm::loops;
  return std::nullopt;
}

struct Result {
  Timing timing;
  Work work;
  std::size_t recompute_macs = 0;
  Bytes bytes;
};

void refuse(bool given, const char* option, const char* mode) {
  if (given) throw Error(option, ": only --mode ", mode, " has it");
}

void check(const BenchOptions& o) {
  check_threads(o.threads);
  check_threads_can_be_made(o.threads);
  if (o.winograd && o.algorithm == "loops") throw Error("--winograd: not with --algorithm loops");
  refuse(!o.update.empty() && !o.trains(), "--update", "training");
  refuse(!o.recompute.empty() && !o.trains(), "--recompute", "training");
  refuse(!o.optimizer.empty() && !o.trains(), "--optimizer", "training");
}

Result inference(const OpenModel& model, const BenchOptions& o) {
  InferenceRun run(model.graph, {.batch = o.batch, .threads = o.threads, .winograd = o.winograd});
  Result r;
  r.work = work_of(model.graph, run.program());
  r.bytes.parameters = model.graph.total() * sizeof(float);
  r.bytes.prepared = run.program().prepared_bytes;
  r.bytes.arena = run.program().peak.arena_bytes;
  r.timing = time_calls([&] { run(); }, o.repeat);
  return r;
}

SessionOptions session_options(const BenchOptions& o) {
  Settings settings;
  settings.optimizer = o.optimizer;
  if (o.optimizer == "sgd") settings.momentum = 0.9;
  SessionOptions s;
  s.training.batch = o.batch;
  s.training.threads = o.threads;
  s.training.update = o.update == "fused" ? Update::fused : Update::accumulate;
  s.training.recompute = recompute_from_text(o.recompute);
  s.training.winograd = o.winograd;
  s.optimizer = make_optimizer(settings);
  return s;
}

Result training(const OpenModel& model, const BenchOptions& o) {
  const SessionOptions options = session_options(o);
  const Program program = make_program(model.graph, options.training);
  Session session(model.graph, options);
  const RandomBatch batch(model.graph, o.batch);
  Result r;
  r.work = work_of(model.graph, program);
  r.recompute_macs = program.recompute_macs;
  r.bytes = {.parameters = session.parameters().size_bytes(),
             .gradients = session.gradients().size_bytes(),
             .optimizer = session.optimizer_state().size_bytes(),
             .arena = program.peak.arena_bytes};
  r.timing = time_calls([&] { session.step(batch.images, batch.labels); }, o.repeat);
  return r;
}

// 1e9 operations a second; a multiply-accumulate is two.
double gflops(std::uint64_t macs, const Result& r, const BenchOptions& o) {
  return 2e-9 * static_cast<double>(macs * o.batch) / r.timing.median;
}

void print_json(const OpenModel& model, const BenchOptions& o, const Result& r) {
  nlohmann::ordered_json j;
  j["model"] = model.name;
  j["input"] = shape_text(model.input);
  j["mode"] = o.mode;
  j["batch"] = o.batch;
  j["threads"] = o.threads;
  j["algorithm"] = o.algorithm;
  if (o.trains()) {
    j["update"] = o.update;
    j["recompute"] = o.recompute;
    j["optimizer"] = o.optimizer;
  }
  j["winograd"] = o.winograd;
  j["median_ms"] = r.timing.median * 1e3;
  j["min_ms"] = r.timing.min * 1e3;
  j["max_ms"] = r.timing.max * 1e3;
  j["samples"] = r.timing.samples;
  j["calls"] = r.timing.calls;
  j["images_per_second"] = static_cast<double>(o.batch) / r.timing.median;
  j["gflops"] = gflops(r.work.counted, r, o);
  j["real_gflops"] = gflops(r.work.real, r, o);
  j["macs"] = r.work.counted;
  j["real_macs"] = r.work.real;
  if (o.trains()) j["recompute_macs"] = r.recompute_macs;
  j["parameters"] = model.graph.num_parameters;
  j["parameter_bytes"] = r.bytes.parameters;
  j["prepared_bytes"] = r.bytes.prepared;
  j["gradient_bytes"] = r.bytes.gradients;
  j["optimizer_bytes"] = r.bytes.optimizer;
  j["arena_bytes"] = r.bytes.arena;
  j["total_bytes"] = r.bytes.total();
  j["peak_rss_bytes"] = peak_rss_bytes();
  std::cout << j.dump(2) << '\n';
}

void print_row(const char* name, const std::string& value, const std::string& note = "") {
  std::cout << padded_right(name, 18) << padded_left(value, 12) << (note.empty() ? "" : "  ")
            << note << '\n';
}

std::string time_text(double seconds) {
  return seconds < 1e-3 ? fixed(seconds * 1e6, 2) + " us" : fixed(seconds * 1e3, 2) + " ms";
}

void print_bytes(const char* name, std::size_t bytes, const char* note = "") {
  if (bytes > 0) print_row(name, bytes_text(bytes), note);
}

std::string title(const OpenModel& model, const BenchOptions& o) {
  std::string all = text(model.name, ", input ", shape_text(model.input), ", ", o.mode, ", batch ",
                         o.batch, ", ", o.threads, o.threads == 1 ? " thread" : " threads");
  if (o.algorithm != "gemm") all += ", " + o.algorithm;
  if (o.winograd) all += ", Winograd";
  if (o.trains()) all += ", update " + o.update + ", recompute " + o.recompute;
  return all;
}

void print(const OpenModel& model, const BenchOptions& o, const Result& r) {
  std::cout << title(model, o) << '\n';
  const Timing& t = r.timing;
  const char* what = o.trains() ? "a step: forward, loss, backward, update" : "a batch";
  print_row("median", time_text(t.median), what);
  print_row("min", time_text(t.min),
            text("of ", t.samples, " samples", t.calls > 1 ? text(" of ", t.calls, " calls") : ""));
  print_row("images/s", fixed(static_cast<double>(o.batch) / t.median, 1));
  print_row("GFLOP/s", fixed(gflops(r.work.counted, r, o), 1),
            text(count_text(r.work.counted), " MAC an image"));
  print_row("real GFLOP/s", fixed(gflops(r.work.real, r, o), 1),
            text(count_text(r.work.real), " MAC without those that meet only padding"));
  if (r.recompute_macs > 0) {
    print_row("recomputed", "", text(count_text(r.recompute_macs), " MAC an image, in backward"));
  }
  print_bytes("parameter memory", r.bytes.parameters, "with running statistics");
  print_bytes("prepared weights", r.bytes.prepared);
  print_bytes("gradients", r.bytes.gradients);
  print_bytes("optimizer state", r.bytes.optimizer, o.optimizer.c_str());
  print_bytes("arena", r.bytes.arena, "activations and scratch");
  print_bytes("total", r.bytes.total());
  print_bytes("peak RSS", peak_rss_bytes(), "of the process, with its code and the batch");
}

int bench(BenchOptions o) {
  const OpenModel model = open_model(o.model, o.size, algorithm_of(o));
  check(o);
  if (o.update.empty()) o.update = "accumulate";
  if (o.recompute.empty()) o.recompute = "nothing";
  if (o.optimizer.empty()) o.optimizer = "adam";
  const Result r = o.trains() ? training(model, o) : inference(model, o);
  o.json ? print_json(model, o, r) : print(model, o, r);
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("bench", "how long inference or a training step takes, and its memory");
  auto o = std::make_shared<BenchOptions>();
  add_model(*command, o->model);
  command->add_option("--mode", o->mode, "inference or training [inference]")
      ->check(one_of({"inference", "training"}));
  command->add_option("--batch", o->batch, "images a step [1]")->check(from_to(1, 65536));
  command->add_option("--threads", o->threads, "threads, 1 to 64 [1]")->check(not_negative);
  command->add_option("--size", o->size, "height and width of the images [the model's own]")
      ->check(from_to(1, 65536));
  command->add_option("--algorithm", o->algorithm, "gemm, or loops: the plain loops [gemm]")
      ->check(one_of({"gemm", "loops"}));
  command->add_flag("--winograd", o->winograd, "Winograd where it pays");
  command->add_option("--update", o->update, "of training: accumulate or fused [accumulate]")
      ->check(one_of({"accumulate", "fused"}));
  command->add_option(
      "--recompute", o->recompute,
      "of training: nothing, elementwise, blocks, or an arena to fit, such as 60MiB [nothing]");
  command->add_option("--optimizer", o->optimizer, "of training, sgd with momentum [adam]")
      ->check(one_of({"sgd", "adam", "adamw", "adabound"}));
  command->add_option("--repeat", o->repeat, "samples; 0: as many as take two seconds [0]")
      ->check(from_to(0, 100000));
  command->add_flag("--json", o->json, "all of it as JSON");
  command->callback([o, &action] { action = [o] { return bench(*o); }; });
}

}  // namespace etch::host
