#!/usr/bin/env python3
"""Doxygen's input filter: prints a header with its comments as Doxygen has them.

A comment describes
  the file, where it is the first thing in it;
  the declaration that follows it, all names of it, and the next overloads of that name;
  the declaration whose line it ends.
Lines indented after the // are code. Left out is what a comment calls "Internal: ", and a
specialisation without a comment: what it is of is described. What layers, losses and optimizers
share is described here, once. What the head of a file says of PyTorch or a paper is added to its
types and models.
"""
import re
import sys

# What a declaration begins with, after its specifiers, and what it is.
CONTRACT = [
    (r"const char\* name =", "The kind of layer, for people and files."),
    (r"void fields\(auto&", "Calls visit(name, field) for each argument, as files have them."),
    (r"Shape output\(Shape", "The shape of the output for an input of shape x: see Layer."),
    (r"Problem check\(Value", "Why the layer can't take x, or nothing: see Checked."),
    (r"Value lower\(Graph&", "Adds the layer to a graph and returns its output: see Layer."),
    (r"Window window\(\)", "The window, its stride and its padding."),
    (r"void (forward|backward)\(const Call&", "A step's kernel: see Compute."),
    (r"using Target =", "The type of a target: see Loss."),
    (r"std::size_t targets_per_image\(", "How many targets each image has: see Loss."),
    (r"float operator\(\)\(const LossCall", "The loss of a batch, and its gradient: see Loss."),
    (r"std::size_t states\(\)", "How many arrays of state there are: see Optimizer."),
    (r"void operator\(\)\(const OptimizerCall", "Moves parameters: see Optimizer."),
    (r"bool operator==\(const \w+&\) const = default", "Whether all members are equal."),
    (r".* = delete;", "Not allowed."),
]
SPECIFIERS = re.compile(
    r"(\[\[[^\]]*\]\]|static|constexpr|inline|explicit|virtual|template <[^<>]*>)\s*")
SCOPE = re.compile(r"\b(struct|class|enum|union|namespace)\b[^()=;]*\{$")
# Doxygen doesn't ask for comments of these; of a command that it doesn't know it complains.
UNCHECKED = re.compile(r"^\s*(?:template.*\n)?\s*(?:concept (\w+)|(?:struct|class) (\w+) \{\};)")
TYPE = re.compile(r"(template.*\n)?(struct|class|inline constexpr)\b")
SPECIALISATION = re.compile(
    r"template <.*?>\s(?:requires.*?)?(?:struct|inline constexpr \w+|inline [\w:]+) \w+<")
# Where a sentence begins a word is no name of a type.
BEGIN = re.compile(r"(^|[.:;] )([A-Z][a-z]+)(?=[ ,.:;])")
SPECIAL = re.compile(r"[<>#&@\\%\"]")


def plain(text, begins):
    """Without the meaning that Markdown, HTML and Doxygen would give to a comment's signs."""
    parts = re.split(r"(`[^`]*`|https?://\S+)", text)
    text = "".join(p if i % 2 else SPECIAL.sub(r"\\\g<0>", p) for i, p in enumerate(parts))
    text = text.replace(" al. ", " al.\\ ")  # no end of a sentence
    return BEGIN.sub(r"\1%\2", text if begins else "x" + text)[0 if begins else 1:]


def documented(comment, indent=""):
    """Lines without their // as Doxygen's."""
    lines, code, begins = [], False, True
    for line in comment:
        is_code = line.startswith("   ") or (code and not line.strip())
        if is_code != code:
            lines.append(r"\code{.cpp}" if is_code else r"\endcode")
            code = is_code
        lines.append(line[1:] if code else plain(line.strip(), begins))
        begins = re.search(r"([.:;]|^)$", line.rstrip())
    if code:
        lines.append(r"\endcode")
    return [f"{indent}/// {line}".rstrip() for line in lines]


def split_comment(line):
    """The code of a line, and the comment that ends it."""
    found = re.match(r'((?:[^"/]|"(?:[^"\\]|\\.)*"|/(?!/))*?)\s*//(.*)$', line)
    return (found[1], found[2]) if found else (line.rstrip(), None)


def without_specifiers(code):
    code = code.strip()
    while found := SPECIFIERS.match(code):
        code = code[found.end():]
    return code


def contract(code):
    code = without_specifiers(code)
    return next((text for begin, text in CONTRACT if re.match(begin, code)), None)


def name_of(code):
    """What a function is called."""
    code = re.sub(r"\[\[.*?\]\]|operator\(\)", "call", code)
    found = re.search(r"([\w~]+)\(", code)
    return found[1] if found else None


def variables(code):
    """`int a = 1, b;` as declarations of one name each."""
    found = re.match(r"\s*(?:(?:const|static|inline|constexpr)\s+)*[\w:]+(?:<.*?>)?\s+(?=[*\w])", code)
    if not found or "(" in code.split("=")[0] or not code.endswith(";") or "\n" in code:
        return [code]
    names, depth = [""], 0
    for c in code[found.end():-1]:
        depth += (c in "({<[") - (c in ")}>]")
        if c == "," and depth == 0:
            names.append("")
        else:
            names[-1] += c
    return [found[0] + name.strip() + ";" for name in names]


class Header:
    def __init__(self, lines):
        self.lines, self.at, self.out = lines, 0, []

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else None

    def take(self):
        self.at += 1
        return self.lines[self.at - 1]

    def comment_block(self):
        block = []
        while self.peek() is not None and self.peek().lstrip().startswith("//"):
            block.append(self.take().lstrip()[2:])
        return block

    def declaration(self):
        """The lines of one, and the comment that ends it."""
        lines, comment, depth = [], [], 0
        while self.peek() is not None:
            line = self.take()
            code, end = split_comment(line)
            bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'.\'', "", code)
            depth += sum(bare.count(c) for c in "({") - sum(bare.count(c) for c in ")}")
            done = SCOPE.search(code) or (depth <= 0 and re.search(r"[;},:]$", code))
            lines.append(code if done else line)
            if done and end is not None:
                comment.append(end)
                column = line.index("//")
                while (self.peek() or "").startswith(" " * column + "//"):
                    comment.append(self.take()[column + 2:])
            if done:
                break
        return lines, comment

    def run(self):
        head = self.comment_block()
        self.out += [r"/// \file"] + documented(head)
        definition = [r"/// \par Definition"] + documented(head)
        has_definition = re.search("PyTorch equivalent|https://", " ".join(head))
        name, said, hidden = None, [], False
        while self.peek() is not None:
            line = self.peek()
            if re.match(r"#define ETCH", line):  # no macro is public
                self.take()
                continue
            if not line.strip() or re.match(r"#|\s*(\};?|public:|private:)", line):
                self.out.append(self.take())
                while line.endswith("\\"):
                    line = self.take()
                    self.out.append(line)
                if line.strip():
                    name = None
                continue
            indent = line[:len(line) - len(line.lstrip())]
            block = self.comment_block()
            following = self.peek() or ""
            if block and (not following.strip() or following.startswith("#")):
                self.out += [f"{indent}//{text}" for text in block]
                continue
            lines, end = self.declaration()
            code = "\n".join(lines)
            special = not block and not end and SPECIALISATION.match(" ".join(lines).strip())
            before, name = name, name_of(code)
            hidden = block[0].startswith(" Internal: ") if block else name and name == before and hidden
            if special or hidden:
                if SCOPE.search(split_comment(lines[-1])[0]):
                    while not self.take().startswith(indent + "}"):
                        pass
                continue
            if re.match(r"\s*(virtual )?~\w+\(\) = default;", code):
                continue
            shared = [" " + contract(code)] if contract(code) else []
            if block or end:
                said = ([] if code.endswith("= delete;") else shared) + block + end
            elif name is None or name != before or code.endswith("= delete;"):
                said = shared
            if not said and (unchecked := UNCHECKED.match(code)):
                self.out.append(f"/// \\missing_comment_of_{unchecked[1] or unchecked[2]}")
            if has_definition and said and TYPE.match(code):
                self.out += documented(said) + ["///"] + definition + lines
                continue
            for declaration in variables(code):
                self.out += documented(said, indent) + declaration.split("\n")
        return self.out


with open(sys.argv[1], encoding="utf-8") as file:
    source = file.read()
print("\n".join(Header(source.split("\n")).run()) if sys.argv[1].endswith(".hpp") else source)
