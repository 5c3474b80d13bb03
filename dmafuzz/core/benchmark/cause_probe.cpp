// SPDX-License-Identifier: GPL-2.0-only
#include "benchmark/cause_probe.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "fuzzing/hash.hpp"
#include "fuzzing/mapped_file.hpp"
#include "fuzzing/minimize.hpp"
#include "fuzzing/mutate.hpp"

namespace dmafuzz {

namespace {

int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

int64_t processor_time() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return int64_t{1'000'000'000} * spent.tv_sec + spent.tv_nsec;
}

Label label_of(const std::string& name) {
    for (Label label : {Label::fn, Label::fp, Label::hazard})
        if (name == name_of(label)) return label;
    throw std::invalid_argument("no label of a finding: " + name);
}

uint8_t kind_of(Label label, const std::string& name) {
    int count = static_cast<int>(label == Label::fn ? static_cast<int>(CorruptionKind::count_)
                                                    : static_cast<int>(WarningId::count_));
    for (int i = 0; i < count; i++)
        if (name == kind_name({label, static_cast<uint8_t>(i)})) return static_cast<uint8_t>(i);
    throw std::invalid_argument("no kind of a " + std::string(name_of(label)) + ": " + name);
}

Rules rules_of(const std::vector<std::string>& names) {
    Rules rules = 0;
    for (const std::string& name : names) {
        int i = 0;
        while (i < static_cast<int>(Rule::count_) && name != name_of(static_cast<Rule>(i))) i++;
        if (i == static_cast<int>(Rule::count_)) throw std::invalid_argument("no rule: " + name);
        rules |= bit(static_cast<Rule>(i));
    }
    return rules;
}

// The minimizer makes one of these, so that a cause has no other in its minimal program.
OpKind plain(OpKind kind) {
    switch (kind) {
        case OpKind::map_page: return OpKind::map_single;
        case OpKind::unmap_page: return OpKind::unmap_single;
        case OpKind::sync_range_for_cpu: return OpKind::sync_single_for_cpu;
        case OpKind::sync_range_for_device: return OpKind::sync_single_for_device;
        default: return kind;
    }
}

Wanted planted_stage(const std::string& name, const std::vector<std::string>& fault) {
    for (Stage stage : {Stage::reached, Stage::triggered, Stage::found}) {
        if (name != name_of(stage) || fault.size() != 1) continue;
        Wanted wanted;
        wanted.planted = fault[0];
        wanted.stage = stage;
        return wanted;
    }
    throw std::invalid_argument("no stage of a planted fault: " + name);
}

bool holds(const Program& program, const std::vector<OpKind>& skeleton) {
    size_t at = 0;
    for (const Op& op : program.ops)
        if (at < skeleton.size() && plain(op.kind) == plain(skeleton[at])) at++;
    return at == skeleton.size();
}

}  // namespace

Wanted wanted(const std::string& label, const std::string& kind, const std::vector<std::string>& rules,
              std::vector<OpKind> skeleton, std::vector<std::string> platforms) {
    if (label == "planted") return planted_stage(kind, rules);
    Label found = label_of(label);
    return {found, kind_of(found, kind), rules_of(rules), std::move(skeleton), std::move(platforms)};
}

CauseProbe::CauseProbe(std::vector<Wanted> causes, const std::string& path, const Asides& asides)
    : causes_(std::move(causes)), count_distinct_(asides.count_distinct) {
    if (!asides.signatures.empty()) signatures_ = std::make_unique<SignatureLog>(asides.signatures);
    if (causes_.size() > wanted_max) throw std::invalid_argument("too many causes to look for");
    for (const Wanted& cause : causes_)
        if (!cause.planted.empty() && !planted_) planted_ = std::make_unique<PlantedWatch>(cause.planted);
    board_ = static_cast<Board*>(map_file(path, sizeof(Board), "the board"));
}

CauseProbe::~CauseProbe() { unmap_file(board_, sizeof(Board)); }

void CauseProbe::observe(Occasion occasion, const Program& program, Judge& judge, size_t platform) {
    switch (occasion) {
        case Occasion::begins: return begin();
        case Occasion::judged: return judged(program, judge, platform);
        case Occasion::again: return look(program, judge, platform);
    }
}

// Before the first program; later ones change nothing.
void CauseProbe::begin() {
    if (!board_->first) board_->first = time();
}

void CauseProbe::judged(const Program& program, Judge& judge, size_t platform) {
    board_->programs++;
    board_->operations += program.ops.size();
    look(program, judge, platform);
    board_->last = time();
    if (count_distinct_ || signatures_) look_aside(program, judge, platform);
}

int64_t CauseProbe::time() const { return now() - board_->aside; }

void CauseProbe::look_aside(const Program& program, Judge& judge, size_t platform) {
    const int64_t begin = now(), begin_processor = processor_time();
    if (count_distinct_) board_->distinct.add(hash_program(canonical(program)));
    if (signatures_) signatures_->look(program, judge, platform, begin, board_->aside_processor);
    board_->aside += now() - begin;
    board_->aside_processor += processor_time() - begin_processor;
}

bool CauseProbe::here(const Wanted& cause, const Platform& platform) const {
    return cause.platforms.empty() ||
           std::find(cause.platforms.begin(), cause.platforms.end(), platform.name) != cause.platforms.end();
}

// Could it be, as far as one platform tells?
bool CauseProbe::candidate(const Wanted& cause, const Analysis& a) const {
    if (cause.label == Label::fn)
        return std::any_of(a.corruptions.begin(), a.corruptions.end(), [&](const Corruption& c) {
            return static_cast<uint8_t>(c.kind) == cause.kind && !c.explained;
        });
    for (size_t i = 0; i < a.watch.warnings.size(); i++)
        if (static_cast<uint8_t>(a.watch.warnings[i].id) == cause.kind && !a.justified_here[i]) return true;
    return false;
}

// In the order of what asking costs: the justification of a warning may take all platforms.
bool CauseProbe::shown_by(const Wanted& cause, const Program& program, Judge& judge, size_t platform) {
    if (!cause.planted.empty()) return planted_->has_come_to(cause.stage, program, judge, platform);
    return here(cause, judge.platform(platform)) && candidate(cause, judge.cover(platform)) &&
           holds(program, cause.skeleton) && judge.rules(platform) == cause.rules &&
           shows(judge, {cause.label, cause.kind, platform, cause.rules});
}

void CauseProbe::look(const Program& program, Judge& judge, size_t platform) {
    for (size_t i = 0; i < causes_.size(); i++) {
        if (board_->seen[i].programs || !shown_by(causes_[i], program, judge, platform)) continue;
        board_->seen[i] = {std::max<uint64_t>(board_->programs, 1), time()};
    }
}

Subject::Subject(const std::string& tracker, std::vector<Platform> portfolio, Observer& observer)
    : judge_(tracker, std::move(portfolio)), observer_(observer) {}

void Subject::run(const Program& program) {
    const size_t platform = platform_of(program, judge_.platforms());
    observer_.observe(Occasion::begins, program, judge_, platform);
    judge_.start(program);
    judge_.cover(platform);
    observer_.observe(Occasion::judged, program, judge_, platform);
}

Program uniform_program(Rng& rng, int ops) {
    Program program;
    Scope scope;
    for (int tries = 0; tries < 8 * ops && static_cast<int>(program.ops.size()) < ops; tries++) {
        uint8_t record[record_bytes];
        for (uint8_t& byte : record) byte = static_cast<uint8_t>(rng.below(256));
        Op op = decode_record(record);
        if (!scope.repair(op)) continue;
        scope.apply(op);
        program.ops.push_back(op);
    }
    return program;
}

void roam(Subject& subject, bool uniform, uint64_t seed, int ops_limit, int milliseconds) {
    Rng rng(seed);
    int64_t end = now() + int64_t{1'000'000} * milliseconds;
    while (now() < end) {
        int ops = 2 + static_cast<int>(rng.below(static_cast<uint32_t>(ops_limit - 1)));
        subject.run(uniform ? uniform_program(rng, ops) : random_program(rng, ops));
    }
}

}  // namespace dmafuzz
