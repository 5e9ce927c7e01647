// Data of the user's own, from the command line: shown, trained on, evaluated, gone on with.
#include "host/data_files.hpp"
#include "tools/etch_command.hpp"

#include <etch/host/training/checkpoint.hpp>

#include <sstream>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;
using Catch::Contains;

namespace {

// 200 digits as PNG images in folders of their names, and room for checkpoints.
struct ImagePlace {
  ImagePlace() {
    const Dataset data = bars(200, 1);
    for (std::size_t n = 0; n < data.size(); ++n) {
      const fs::path of_class = images() / names[static_cast<std::size_t>(data.targets.labels[n])];
      fs::create_directories(of_class);
      const auto from = data.pixels.begin() + static_cast<std::ptrdiff_t>(n * 784);
      write_file(of_class / (std::to_string(n) + ".png"),
                 png_file({{1, 28, 28}, {from, from + 784}}));
    }
  }
  fs::path images() const { return folder.path() / "digits"; }
  std::string file(const char* name) const { return folder.path() / name; }
  // Everything that is drawn or measured.
  Words train(const char* checkpoint) const {
    return {"train",
            "lenet",
            "--data",
            images(),
            "--test",
            "0.2",
            "--validation",
            "0.2",
            "--normalize",
            "--augment",
            "flip,crop=0.9,shift=2,noise=0.1",
            "--batch",
            "16",
            "--epochs",
            "3",
            "--quiet",
            "--checkpoint",
            file(checkpoint)};
  }

  static inline const Words names = {"zero", "one", "two",   "three", "four",
                                     "five", "six", "seven", "eight", "nine"};
  TemporaryFolder folder;
};

std::string after(const std::string& text, const std::string& word) {
  const std::size_t at = text.rfind(word);
  return at == text.npos ? "" : text.substr(at + word.size(), 6);
}

}  // namespace

TEST_CASE("What a data set holds is shown, and whether it fits a model") {
  if (skipped()) return;
  const ImagePlace place;
  const Outcome images = etch_run({"data", place.images(), "--for", "lenet", "--test", "0.2"});
  CHECK(images.status == 0);
  CHECK_THAT(images.output, Contains("digits: images\n") && Contains("samples of 1x28x28") &&
                                Contains("10 classes ") && Contains("\nseven  ") &&
                                Contains("\nfits lenet\n"));
  write_file(place.folder.path() / "a.csv", "width,height,mass\n1,10,3\n2,30,3\n");
  const Outcome table = etch_run({"data", place.file("a.csv"), "--targets", "mass"});
  CHECK_THAT(table.output, Contains("a.csv: csv\n") && Contains("2 samples of 2\n") &&
                               Contains("\nheight ") && Contains("20.0000") && Contains("\nmass "));
  const Outcome other = etch_run({"data", place.images(), "--for", "mobilenet_025"});
  CHECK(other.status == 1);
  CHECK_THAT(other.errors,
             Contains("the network takes images of 3x96x96, but the data's are 1x28x28"));
}

TEST_CASE(
    "A run on images that stops and goes on ends in the same bytes, on any number of threads") {
  if (skipped()) return;
  const ImagePlace place;
  const Outcome whole = etch_run(place.train("whole") + Words{"--threads", "1"});
  REQUIRE(whole.status == 0);
  CHECK_THAT(whole.output, Contains("129 training and 32 validation images"));
  REQUIRE(etch_run(place.train("a") + Words{"--threads", "2", "--max-steps", "11"}).status == 0);
  // What stays in its files ends in the same bytes.
  REQUIRE(etch_run(place.train("files") + Words{"--memory", "1KiB"}).status == 0);
  CHECK(contents(place.file("files")) == contents(place.file("whole")));
  // The checkpoint says how the data was prepared.
  const Words resume = {"train",   "lenet",    "--data",       place.images(),
                        "--quiet", "--resume", "--checkpoint", place.file("a")};
  CHECK(etch_run(resume).status == 0);
  CHECK(contents(place.file("a")) == contents(place.file("whole")));

  CHECK_THAT(etch_run(resume + Words{"--validation", "0.3"}).errors,
             Contains("--validation 0.3: ") && Contains("a was trained with 0.2; leave it out"));
  fs::remove(place.images() / "one" /
             fs::directory_iterator(place.images() / "one")->path().filename());
  CHECK_THAT(etch_run(resume).errors, Contains("the checkpoint was trained on other data"));
}

TEST_CASE("Evaluation prepares its data as training did, and names the classes") {
  if (skipped()) return;
  const ImagePlace place;
  const Outcome trained = etch_run(place.train("a"));
  REQUIRE(trained.status == 0);
  const Description data = Checkpoint(place.file("a")).data();
  CHECK(data.format == "images");
  CHECK(data.reading.classes.at(2) == "four");
  CHECK(data.normalization.mean.size() == 1);
  const Words eval = {"eval",    "lenet",        "--data",       place.images(),
                      "--quiet", "--checkpoint", place.file("a")};
  const Outcome validated = etch_run(eval + Words{"--part", "validation"});
  CHECK_THAT(validated.output, Contains("lenet on 32 validation images: loss "));
  CHECK(after(validated.output, "images: loss ") == after(trained.output, "validation loss "));
  const Outcome tested = etch_run(eval);
  CHECK_THAT(tested.output, Contains("lenet on 39 test images: loss ") && Contains("\nseven ") &&
                                Contains("    2 four"));
  // Other means are other inputs.
  const Outcome other = etch_run(eval + Words{"--mean", "0.9", "--std", "3"});
  CHECK(other.status == 0);
  CHECK(after(other.output, "images: loss ") != after(tested.output, "images: loss "));
}

TEST_CASE("Data that a network can't learn, and options that contradict each other, are refused") {
  if (skipped()) return;
  const ImagePlace place;
  const auto train = [&](const std::string& data, const Words& options) {
    const Outcome outcome = etch_run(Words{"train", "lenet", "--data", data, "--quiet"} + options);
    CHECK(outcome.status == 1);
    CHECK(outcome.output == "");
    return outcome.errors;
  };
  CHECK_THAT(train(place.images(), {}),
             Contains("digits: has no test part: --test 0.2 sets a fifth"));
  CHECK_THAT(train(place.images(), {"--normalize", "--mean", "1", "--std", "1"}),
             Contains("--normalize measures what --mean and --std give"));
  CHECK_THAT(train(place.images(), {"--mean", "1"}), Contains("--mean has 1 and --std 0 numbers"));
  CHECK_THAT(train(place.images(), {"--mean", "1,x", "--std", "1"}),
             Contains("--mean 1,x: numbers"));
  CHECK_THAT(train(place.images(), {"--augment", "spin"}),
             Contains("--augment spin: there are flip"));
  CHECK_THAT(train(place.images(), {"--format", "png"}), Contains("there is no format 'png'"));
  CHECK_THAT(train(place.folder.path(), {}), Contains("has no data that is understood"));
  fs::remove_all(place.images() / "nine");
  CHECK_THAT(
      train(place.images(), {"--test", "0.2"}),
      Contains("has 9 classes (eight, five, four") && Contains("but the network has 10 outputs"));
  std::string table = "y0,y1,y2,y3,y4,y5,y6,y7,y8,y9";
  for (int i = 0; i < 784; ++i) table += ",x" + std::to_string(i);
  std::string row = "1";
  for (int i = 1; i < 794; ++i) row += ",2";
  write_file(place.folder.path() / "a.csv", table + "\n" + row + "\n" + row + "\n");
  CHECK_THAT(
      train(place.file("a.csv"), {"--test", "0.5", "--targets", "y0,y1,y2,y3,y4,y5,y6,y7,y8,y9"}),
      Contains("its targets are numbers, and --loss cross_entropy takes classes"));
}

TEST_CASE("Predictions are the answers that evaluation counted") {
  if (skipped()) return;
  const ImagePlace place;
  REQUIRE(etch_run(place.train("a")).status == 0);
  // All images as one folder's training part, and one by one.
  Words files;
  for (const auto& entry : fs::recursive_directory_iterator(place.images())) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  const Outcome eval =
      etch_run({"eval", "lenet", "--data", place.images(), "--part", "train", "--test", "0",
                "--validation", "0", "--quiet", "--checkpoint", place.file("a")});
  const Words predict = {"predict", "lenet", "--checkpoint", place.file("a"), "--top", "1"};
  const Outcome predicted = etch_run(predict + files);
  REQUIRE(predicted.status == 0);
  std::istringstream lines(predicted.output);
  int right = 0, all = 0;
  for (std::string line; std::getline(lines, line); ++all) {
    const std::size_t colon = line.find(".png: ");
    REQUIRE(colon != line.npos);
    const std::string answer = line.substr(colon + 6, line.rfind(' ') - colon - 6);
    right += fs::path(line.substr(0, colon)).parent_path().filename() == answer;
    const double probability = std::stod(line.substr(line.rfind(' ')));
    CHECK((probability > 0.1 && probability <= 1));
  }
  CHECK(all == 200);
  CHECK_THAT(eval.output,
             Contains(" " + std::to_string(right / 2) + (right % 2 == 1 ? ".50 %" : ".00 %")));

  const Outcome top =
      etch_run({"predict", "lenet", "--checkpoint", place.file("a"), "--top", "10", files[0]});
  double sum = 0;
  std::istringstream words(top.output.substr(top.output.find(": ") + 2));
  for (std::string name, share; words >> name >> share;) sum += std::stod(share);
  CHECK(sum == Approx(1).margin(0.001));

  write_file(place.file("x.csv"), "a,b\n1,2\n");
  const Outcome other = etch_run(predict + Words{place.file("x.csv")});
  CHECK(other.status == 1);
  CHECK_THAT(other.errors,
             Contains("x.csv: has no column") || Contains("the network takes 784 numbers"));
}

TEST_CASE("A table's columns are found by name wherever they stand") {
  if (skipped()) return;
  const TemporaryFolder folder;
  std::string head, back_head, rows, back_rows;
  for (int i = 0; i < 784; ++i) {
    head += "x" + std::to_string(i) + ",";
    back_head += ",x" + std::to_string(783 - i);
  }
  Generator random{1};
  for (int n = 0; n < 40; ++n) {
    std::string row, back;
    for (int i = 0; i < 784; ++i) {
      const std::string cell =
          std::to_string(random.below(9) + static_cast<std::size_t>(i / 79 == n % 10) * 9);
      row += cell + ",";
      back = "," + cell + back;
    }
    rows += row + std::to_string(n % 10) + "\n";
    back_rows += std::to_string(n % 10) + back + "\n";
  }
  write_file(folder.path() / "a.csv", head + "label\n" + rows);
  write_file(folder.path() / "b.csv", "label" + back_head + "\n" + back_rows);
  const std::string checkpoint = folder.path() / "run";
  REQUIRE(etch_run({"train", "lenet", "--data", folder.path() / "a.csv", "--test", "0.25",
                    "--normalize", "--epochs", "2", "--quiet", "--checkpoint", checkpoint})
              .status == 0);
  const auto eval = [&](const char* name) {
    const Outcome outcome = etch_run(
        {"eval", "lenet", "--data", folder.path() / name, "--quiet", "--checkpoint", checkpoint});
    CHECK(outcome.status == 0);
    return outcome.output;
  };
  CHECK(eval("a.csv") == eval("b.csv"));
}
