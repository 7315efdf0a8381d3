// The block kernel of src/detente/engine by hand in C++20: the yardstick of the benchmarks.
//
// It reads a compiled crisis that dump.py wrote, simulates it (no replay, no event log), writes the registers of all
// trajectories and prints the seconds that the loop over blocks took (by the clock, of the processor) and the firings. Names, order of operations and random numbers
// are those of kernel.py, interpreter.py, arithmetic.py and streams.py, so that the registers can be compared bit for bit.
//
//     kernel INPUT [OUTPUT]

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <vector>

using I8 = std::int64_t;
using U8 = std::uint64_t;
using I4 = std::int32_t;
using F8 = double;

constexpr I8 WIDTH = 120;
constexpr F8 INFTY = std::numeric_limits<F8>::infinity();
constexpr I8 MAX_AT_ONCE = 1000, MAX_ROUNDS = 64;
constexpr F8 NINETY_PERCENT = 1.6448536269514722, ALIVE = 1e-3, STEPS_PER_HALF_LIFE = 4.0;

enum EffectKind { ADD_STOCK, SET_STOCK, TIMES_STOCK, ADD_MEMORY, SET_STAGE, START_TIMER, STOP_TIMER, RAISE };
enum FlowKind { LINEAR, LOG_SCALE };
enum WatchKind { FIRST, EVER, AT, BECOMES };
enum Status { FINE, RUNAWAY, TOO_MANY_AT_ONCE, TOO_MANY_ROUNDS };
constexpr I8 DRAWN = -2, NO_OUTCOME = -1;

// ── records: the layout of tables.py ────────────────────────────────────────────────────────────

struct Program { I8 start, end, row; };
struct Code { F8 k; I4 what, target, a, b, c; };
struct Clamp { F8 slope, low, high; };
struct Clock { I8 steady_start, steady_end; Program rate; I8 moment; U8 key; };
struct Moment { Program guard; I8 effect_start, effect_end, outcome_start, outcome_end, dated; };
struct Happening { I8 count_row, last_row, feed_start, feed_end, watch_start, watch_end; };
struct Feed { I8 memory, memory_row; Program amount; };
struct Outcome { Program weight; I8 happening, effect_start, effect_end; U8 key; };
struct Effect {
    I8 kind, target, memory;
    Program condition, amount, varies;
    I8 stock, count_row;
    F8 lower, upper, value;
    U8 key;
};
struct Flow { I8 kind, row, flow_row, noise_row, stock; F8 lower, upper; U8 key; };
struct Timer {
    I8 moment, whole_days, keep, random;
    Program delay, varies;
    I8 count_row, since_row, median_row, factor_row;
    U8 key;
};
struct Trigger { Program when, rearm; I8 moment, continuous; };
struct Watch { I8 kind; Program what; I8 continuous; F8 opens, closes; };
struct Entry { F8 time; I8 recorded, moment, outcome; };
struct Memory { I8 row, rate_row, half_row, full_row; F8 half; };
struct Readers { I8 steady_start, steady_end, clock_start, clock_end, trigger_start, trigger_end, watch_start, watch_end; };
struct Numbers {
    I8 n_rows, n_state_rows, n_stocks, n_draws, n_replicates, n_ticks;
    F8 starts, tick, origin, epoch;
};

// ── input ───────────────────────────────────────────────────────────────────────────────────────

struct Section { I8 item_size, count; std::vector<char> bytes; };

class Input {
public:
    explicit Input(const char* path) {
        std::ifstream file(path, std::ios::binary);
        char name[32];
        while (file.read(name, sizeof name)) {
            Section section;
            file.read(reinterpret_cast<char*>(&section.item_size), 8);
            file.read(reinterpret_cast<char*>(&section.count), 8);
            section.bytes.resize(static_cast<size_t>(section.item_size * section.count));
            file.read(section.bytes.data(), static_cast<std::streamsize>(section.bytes.size()));
            sections[name] = std::move(section);
        }
    }

    template <class T> std::vector<T> array(const std::string& name) const {
        auto found = sections.find(name);
        if (found == sections.end()) fail("there is no section " + name);
        const Section& section = found->second;
        if (section.item_size != sizeof(T)) fail("records of another size in section " + name);
        std::vector<T> result(static_cast<size_t>(section.count));
        std::memcpy(result.data(), section.bytes.data(), section.bytes.size());
        return result;
    }

private:
    [[noreturn]] static void fail(const std::string& what) {
        std::fprintf(stderr, "kernel: %s\n", what.c_str());
        std::exit(1);
    }
    std::map<std::string, Section> sections;
};

struct Tables {
    std::vector<Code> code;
    std::vector<Clamp> clamps;
    std::vector<I8> links;
    std::vector<Readers> rows;
    std::vector<Clock> clocks;
    std::vector<Moment> moments;
    std::vector<Happening> happenings;
    std::vector<Feed> feeds;
    std::vector<Outcome> outcomes;
    std::vector<Effect> effects;
    std::vector<Flow> flows;
    std::vector<Timer> timers;
    std::vector<Trigger> triggers;
    std::vector<Watch> watches;
    std::vector<Memory> memories;
    std::vector<I8> fast_memories, ranges;
    std::vector<Entry> agenda;

    explicit Tables(const Input& in)
        : code(in.array<Code>("code")), clamps(in.array<Clamp>("clamps")), links(in.array<I8>("links")), rows(in.array<Readers>("rows")),
          clocks(in.array<Clock>("clocks")), moments(in.array<Moment>("moments")),
          happenings(in.array<Happening>("happenings")), feeds(in.array<Feed>("feeds")),
          outcomes(in.array<Outcome>("outcomes")), effects(in.array<Effect>("effects")),
          flows(in.array<Flow>("flows")), timers(in.array<Timer>("timers")), triggers(in.array<Trigger>("triggers")),
          watches(in.array<Watch>("watches")), memories(in.array<Memory>("memories")),
          fast_memories(in.array<I8>("fast_memories")),
          ranges(in.array<I8>("ranges")), agenda(in.array<Entry>("agenda")) {}
};

// ── arithmetic.py ───────────────────────────────────────────────────────────────────────────────

template <class To, class From> static inline To bits_of(From from) {
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

static inline F8 exponential_function(F8 x) {
    x = x > -700.0 ? x : -700.0;
    x = x < 700.0 ? x : 700.0;
    const F8 n = std::floor(x * 1.4426950408889634 + 0.5);
    const F8 r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
    const F8 r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    const F8 a = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    const F8 b = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    const F8 c = (1.0 / 40320.0 + r * (1.0 / 362880.0)) + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0));
    const F8 d = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0);
    const F8 p = (a + r4 * b) + r8 * (c + r4 * d);
    return p * bits_of<F8>((static_cast<I8>(n) + 1023) << 52);
}

static inline F8 logarithm(F8 x) {
    const I8 bits = bits_of<I8>(x > 1e-300 ? x : 1e-300);
    F8 exponent = static_cast<F8>((bits >> 52) - 1022);
    F8 mantissa = bits_of<F8>((bits & 0x000FFFFFFFFFFFFF) | 0x3FE0000000000000);
    const bool small = mantissa < 0.7071067811865476;
    mantissa *= small ? 2.0 : 1.0;
    exponent -= small ? 1.0 : 0.0;
    const F8 s = (mantissa - 1.0) / (mantissa + 1.0);
    const F8 z = s * s;
    const F8 z2 = z * z, z4 = z2 * z2;
    const F8 a = (1.0 / 3.0 + z * (1.0 / 5.0)) + z2 * (1.0 / 7.0 + z * (1.0 / 9.0));
    const F8 b = (1.0 / 11.0 + z * (1.0 / 13.0)) + z2 * (1.0 / 15.0 + z * (1.0 / 17.0));
    const F8 p = a + z4 * (b + z4 * (1.0 / 19.0));
    return exponent * 6.93145751953125e-1 + (2.0 * s + (2.0 * s * z * p + exponent * 1.42860682030941723212e-6));
}

template <size_t N> static inline F8 polynomial(const F8 (&coefficients)[N], F8 r) {
    F8 sum = coefficients[0];
    for (size_t i = 1; i < N; ++i) sum = sum * r + coefficients[i];
    return sum;
}

static F8 normal_quantile(F8 u) {  // Wichura, AS 241
    static const F8 a[3][8] = {
        {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
         13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608},
        {7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
         3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734},
        {2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
         0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772}};
    static const F8 b[3][8] = {
        {5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
         5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0},
        {1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
         0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0},
        {2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
         0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0}};
    const F8 q = u - 0.5;
    if (std::fabs(q) <= 0.425) {
        const F8 r = 0.180625 - q * q;
        return q * polynomial(a[0], r) / polynomial(b[0], r);
    }
    F8 r = std::sqrt(-logarithm(q < 0.0 ? u : 1.0 - u));
    const int far = r <= 5.0 ? 1 : 2;
    r -= far == 1 ? 1.6 : 5.0;
    const F8 ratio = polynomial(a[far], r) / polynomial(b[far], r);
    return q < 0.0 ? -ratio : ratio;
}

// ── streams.py ──────────────────────────────────────────────────────────────────────────────────

static inline U8 mix(U8 z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static inline U8 word(U8 lane, U8 key, U8 a, U8 b) {
    return mix(mix(lane + key) + a * 0xD1342543DE82EF95ULL + b * 0xAF251AF3B0F025B5ULL);
}

static inline F8 uniform(U8 bits) { return (static_cast<F8>(static_cast<I8>(bits >> 12)) + 0.5) * 0x1p-52; }

static inline F8 exponential(U8 bits) { return -logarithm(uniform(bits)); }

static inline F8 noise(U8 bits) {
    U8 v = bits - ((bits >> 1) & 0x5555555555555555ULL);
    v = (v & 0x3333333333333333ULL) + ((v >> 2) & 0x3333333333333333ULL);
    v = (v + (v >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
    const U8 ones = (v * 0x0101010101010101ULL) >> 56;
    return (static_cast<F8>(static_cast<I8>(ones)) - 32.0) * 0.25;
}

static F8 chance(F8 span, U8 bits) {
    return exponential_function(normal_quantile(uniform(bits)) * logarithm(span) / NINETY_PERCENT);
}

// ── interpreter.py ──────────────────────────────────────────────────────────────────────────────

enum Op {
    ADD, SUB, MUL, DIV, MIN, MAX, LT, LE, EQ, NE, ADD_K, SUB_K, MUL_K, DIV_K, MIN_K, MAX_K, LT_K, LE_K, EQ_K, NE_K,
    FROM_K, OVER_K, GT_K, GE_K, EXP, LOG, SQRT, ABS, POWER, WHEN, WHEN_K, MEMORY, SINCE, UNTIL, MONTH, COPY,
    EACH, EACH_K, REMEMBER, REMEMBER_K, PLUS_EACH, PLUS_EACH_K, TIMES_REMEMBER, TIMES_REMEMBER_K, TIMES_EXP
};

static F8 month_of(F8 day) {
    const F8 since_march = std::floor(day) + 306.0;
    const F8 era = since_march - std::floor(since_march / 146097.0) * 146097.0;
    const F8 year = std::floor(
        (era - std::floor(era / 1460.0) + std::floor(era / 36524.0) - std::floor(era / 146096.0)) / 365.0);
    const F8 day_of_year = era - (365.0 * year + std::floor(year / 4.0) - std::floor(year / 100.0));
    const F8 month = std::floor((5.0 * day_of_year + 2.0) / 153.0);
    return month < 10.0 ? month + 3.0 : month - 9.0;
}

static inline F8 between(F8 v, F8 low, F8 high) {
    v = v > low ? v : low;
    return v < high ? v : high;
}

// Rows never overlap in part, so the lanes of one instruction are independent: hence ivdep. `Lanes` gives the whole
// block a constant trip count; one lane takes the same path with trip count 1.
template <I8 LANES>
static void interpret(const Tables& tables, F8* x, I8 start, I8 end, I8 low, I8 n, F8 t0, F8 offset) {
    const I8 count = LANES > 0 ? LANES : n;
    for (I8 pc = start; pc < end; ++pc) {
        const Code& i = tables.code[pc];
        const Clamp& clamp = tables.clamps[pc];
        F8* const d = x + i.target * WIDTH + low;
        const F8* const a = x + i.a * WIDTH + low;
        const F8* const b = x + i.b * WIDTH + low;
        const F8* const c = x + i.c * WIDTH + low;
        const F8 k = i.k;
#define LANES_DO(expression)                                                                                           \
    _Pragma("GCC ivdep") for (I8 l = 0; l < count; ++l) d[l] = (expression);                                           \
    break
        switch (i.what) {
        case ADD: LANES_DO(a[l] + b[l]);
        case SUB: LANES_DO(a[l] - b[l]);
        case MUL: LANES_DO(a[l] * b[l]);
        case DIV: LANES_DO(a[l] / b[l]);
        case MIN: LANES_DO(a[l] < b[l] ? a[l] : b[l]);
        case MAX: LANES_DO(a[l] > b[l] ? a[l] : b[l]);
        case LT: LANES_DO(a[l] < b[l] ? 1.0 : 0.0);
        case LE: LANES_DO(a[l] <= b[l] ? 1.0 : 0.0);
        case EQ: LANES_DO(a[l] == b[l] ? 1.0 : 0.0);
        case NE: LANES_DO(a[l] != b[l] ? 1.0 : 0.0);
        case ADD_K: LANES_DO(a[l] + k);
        case SUB_K: LANES_DO(a[l] - k);
        case MUL_K: LANES_DO(a[l] * k);
        case DIV_K: LANES_DO(a[l] / k);
        case MIN_K: LANES_DO(a[l] < k ? a[l] : k);
        case MAX_K: LANES_DO(a[l] > k ? a[l] : k);
        case LT_K: LANES_DO(a[l] < k ? 1.0 : 0.0);
        case LE_K: LANES_DO(a[l] <= k ? 1.0 : 0.0);
        case EQ_K: LANES_DO(a[l] == k ? 1.0 : 0.0);
        case NE_K: LANES_DO(a[l] != k ? 1.0 : 0.0);
        case GT_K: LANES_DO(a[l] > k ? 1.0 : 0.0);
        case GE_K: LANES_DO(a[l] >= k ? 1.0 : 0.0);
        case FROM_K: LANES_DO(k - a[l]);
        case OVER_K: LANES_DO(k / a[l]);
        case WHEN: LANES_DO(a[l] * (c[l] != 0.0 ? b[l] : 1.0));
        case WHEN_K: LANES_DO(a[l] * (c[l] != 0.0 ? k : 1.0));
        case EACH: LANES_DO(between((a[l] - k) * b[l], clamp.low, clamp.high));
        case EACH_K: LANES_DO(between((a[l] - k) * clamp.slope, clamp.low, clamp.high));
        case REMEMBER: LANES_DO(between(a[l] * b[l] + 1.0, clamp.low, clamp.high));
        case REMEMBER_K: LANES_DO(between(a[l] * clamp.slope + 1.0, clamp.low, clamp.high));
        case PLUS_EACH: LANES_DO(c[l] + between((a[l] - k) * b[l], clamp.low, clamp.high));
        case PLUS_EACH_K: LANES_DO(c[l] + between((a[l] - k) * clamp.slope, clamp.low, clamp.high));
        case TIMES_REMEMBER: LANES_DO(c[l] * between(a[l] * b[l] + 1.0, clamp.low, clamp.high));
        case TIMES_REMEMBER_K: LANES_DO(c[l] * between(a[l] * clamp.slope + 1.0, clamp.low, clamp.high));
        case TIMES_EXP: LANES_DO(c[l] * exponential_function(a[l]));
        case EXP: LANES_DO(exponential_function(a[l]));
        case LOG: LANES_DO(logarithm(a[l]));
        case SQRT: LANES_DO(std::sqrt(a[l] > 0.0 ? a[l] : 0.0));
        case ABS: LANES_DO(std::fabs(a[l]));
        case POWER:
            for (I8 l = 0; l < count; ++l)
                d[l] = a[l] > 0.0 ? exponential_function(b[l] * logarithm(a[l])) : (b[l] == 0.0 ? 1.0 : 0.0);
            break;
        case MEMORY: {
            const Memory& memory = tables.memories[i.b];
            if (offset == 0.0) {
                LANES_DO(a[l]);
            } else if (offset == memory.half) {
                const F8* const fade = x + memory.half_row * WIDTH + low;
                LANES_DO(a[l] * fade[l]);
            } else {
                const F8* const rate = x + memory.rate_row * WIDTH + low;
                LANES_DO(a[l] != 0.0 ? a[l] * exponential_function(-offset * rate[l]) : 0.0);
            }
        }
        case SINCE: LANES_DO((t0 + offset) - a[l]);
        case UNTIL: LANES_DO(k - (t0 + offset));
        case MONTH: {
            const F8 month = month_of(k + t0 + offset);
            LANES_DO(month);
        }
        default: LANES_DO(a[l]);
        }
#undef LANES_DO
    }
}

// ── kernel.py ───────────────────────────────────────────────────────────────────────────────────

class Block {
public:
    Block(const Tables& tables_, const Numbers& plan_)
        : tables(tables_), plan(plan_), n_clocks(size(tables.clocks)), n_triggers(size(tables.triggers)),
          n_watches(size(tables.watches)), n_timers(size(tables.timers)),
          first_rate(n_clocks > 0 ? tables.clocks[0].rate.row : 0), x(lanes(plan.n_rows)), residual(lanes(n_clocks)),
          strikes(lanes(n_timers), INFTY), register_(lanes(n_watches), INFTY), redraws(lanes(n_clocks)),
          armed(lanes(n_triggers)), lane(WIDTH), firings(WIDTH), budget(WIDTH), status(WIDTH), next_strike(WIDTH),
          clamped(static_cast<size_t>(plan.n_stocks) + 1), clock_list(n_clocks), steady_list(n_clocks), trigger_list(n_triggers),
          watch_list(n_watches), became(static_cast<size_t>(n_triggers) + 1), fired(static_cast<size_t>(n_triggers) + 1),
          stack(MAX_AT_ONCE + 8), due(static_cast<size_t>(n_clocks) + 1), before(static_cast<size_t>(n_clocks) + 1), until_of(static_cast<size_t>(n_clocks) + 1),
          reading(tables.memories.size() + 1), seen(tables.memories.size() + 1), lowest(WIDTH), busy(WIDTH) {}

    void simulate(I8 lanes_in_use, bool fresh) {
        n = lanes_in_use;
        I8 entry = start(fresh);
        U8 past_epoch = 0;
        for (I8 k = 0; k < plan.n_ticks; ++k) {
            const F8 t0 = plan.starts + k * plan.tick, t1 = plan.starts + (k + 1) * plan.tick;
            const U8 epoch = static_cast<U8>(std::floor((t0 + plan.origin) / plan.epoch));
            if (k == 0 || epoch != past_epoch) renew(epoch);
            past_epoch = epoch;
            run_block(tables.ranges[0], tables.ranges[1], t0, 0.5 * plan.tick);
            find_busy(t1, entry < size(tables.agenda) && tables.agenda[entry].time < t1);
            for (I8 l = 0; l < n; ++l)
                if (busy[l]) follow_lane(l, t0, t1, entry, epoch);
            while (entry < size(tables.agenda) && tables.agenda[entry].time < t1) ++entry;
            fade();
            run_block(tables.ranges[2], tables.ranges[3], t1, 0.0);
            flow(static_cast<U8>(std::floor((t0 + plan.origin) / plan.tick + 0.5)));
            entry = instant(t1, entry);
        }
    }

private:
    template <class T> static I8 size(const std::vector<T>& v) { return static_cast<I8>(v.size()); }
    static size_t lanes(I8 rows) { return static_cast<size_t>(std::max<I8>(1, rows) * WIDTH); }

    struct List {  // what must be looked at again, each at most once
        explicit List(I8 size) : marks(static_cast<size_t>(size) + 1), numbers(static_cast<size_t>(size) + 1) {}
        void mark(I8 number) {
            if (!marks[number]) {
                marks[number] = 1;
                numbers[count++] = number;
            }
        }
        std::vector<std::uint8_t> marks;
        std::vector<I8> numbers;
        I8 count = 0;
    };
    struct Frame { I8 at, end, chooser, outcome; };

    const Tables& tables;
    const Numbers& plan;
    const I8 n_clocks, n_triggers, n_watches, n_timers, first_rate;
    I8 n = 0, n_instant = 0, n_due = 0;

public:
    std::vector<F8> x, residual, strikes, register_;
    std::vector<I8> redraws;
    std::vector<std::uint8_t> armed;
    std::vector<U8> lane;
    std::vector<I8> firings, budget, status;
    std::vector<F8> next_strike;
    std::vector<I8> clamped;

private:
    List clock_list, steady_list, trigger_list, watch_list;
    std::vector<I8> became;
    std::vector<std::uint8_t> fired;
    std::vector<Frame> stack;
    std::vector<F8> due, before, until_of, reading, seen, lowest;
    std::vector<std::uint8_t> busy;

    F8& at(I8 row, I8 l) { return x[row * WIDTH + l]; }

    void run_block(I8 from, I8 to, F8 t0, F8 offset) {
        if (n == WIDTH)
            interpret<WIDTH>(tables, x.data(), from, to, 0, WIDTH, t0, offset);
        else
            interpret<0>(tables, x.data(), from, to, 0, n, t0, offset);
    }
    void run_lane(const Program& p, I8 l, F8 t0, F8 offset) {
        interpret<1>(tables, x.data(), p.start, p.end, l, 1, t0, offset);
    }
    bool holds(const Program& p, I8 l, F8 t0, F8 offset) {
        if (p.start < 0) return true;
        run_lane(p, l, t0, offset);
        return at(p.row, l) != 0.0;
    }
    F8 value(const Program& p, I8 l, F8 t0, F8 offset) {
        run_lane(p, l, t0, offset);
        return at(p.row, l);
    }
    bool can_fire(I8 moment, I8 l, F8 t, F8 t0) { return holds(tables.moments[moment].guard, l, t0, t - t0); }

    void touch(I8 row) {
        const Readers& readers = tables.rows[row];
        for (I8 i = readers.steady_start; i < readers.steady_end; ++i) {
            steady_list.mark(tables.links[i]);
            clock_list.mark(tables.links[i]);
        }
        for (I8 i = readers.clock_start; i < readers.clock_end; ++i) clock_list.mark(tables.links[i]);
        for (I8 i = readers.trigger_start; i < readers.trigger_end; ++i) trigger_list.mark(tables.links[i]);
        for (I8 i = readers.watch_start; i < readers.watch_end; ++i) watch_list.mark(tables.links[i]);
    }

    // ── happenings and effects ──

    void happen(I8 number, I8 l, F8 t, F8 t0) {
        const Happening& happening = tables.happenings[number];
        at(happening.count_row, l) += 1.0;
        touch(happening.count_row);
        if (happening.last_row >= 0) {
            at(happening.last_row, l) = t;
            touch(happening.last_row);
        }
        for (I8 i = happening.feed_start; i < happening.feed_end; ++i)
            add_to_memory(tables.feeds[i].memory, value(tables.feeds[i].amount, l, t0, t - t0), l, t - t0);
        for (I8 i = happening.watch_start; i < happening.watch_end; ++i) {
            const I8 w = tables.links[i];
            const Watch& watch = tables.watches[w];
            if (watch.opens < t && t <= watch.closes && register_[w * WIDTH + l] == INFTY) register_[w * WIDTH + l] = t;
        }
    }

    void add_to_memory(I8 number, F8 amount, I8 l, F8 offset) {
        const Memory& memory = tables.memories[number];
        at(memory.row, l) += amount * exponential_function(at(memory.rate_row, l) * offset);
        touch(memory.row);
    }

    void fire(I8 moment, I8 outcome, I8 l, F8 t, F8 t0) {
        begin(moment, l, t, t0);
        stack[0] = {tables.moments[moment].effect_start, tables.moments[moment].effect_end, moment, outcome};
        I8 depth = 1;
        while (depth > 0 && status[l] == FINE) {
            Frame& frame = stack[depth - 1];
            if (frame.at < frame.end) {
                const I8 raised = apply(frame.at++, l, t, t0);
                if (raised >= 0 && can_fire(raised, l, t, t0)) {
                    begin(raised, l, t, t0);
                    stack[depth++] = {tables.moments[raised].effect_start, tables.moments[raised].effect_end, raised, DRAWN};
                }
                continue;
            }
            --depth;
            if (frame.chooser < 0) continue;
            const I8 chosen = choose(frame.chooser, frame.outcome, l, t, t0);
            if (chosen >= 0) {
                happen(tables.outcomes[chosen].happening, l, t, t0);
                frame = {tables.outcomes[chosen].effect_start, tables.outcomes[chosen].effect_end, -1, frame.outcome};
                ++depth;
            }
        }
    }

    void begin(I8 moment, I8 l, F8 t, F8 t0) {
        ++n_instant;
        ++firings[l];
        if (n_instant > MAX_AT_ONCE)
            status[l] = TOO_MANY_AT_ONCE;
        else if (firings[l] > budget[l])
            status[l] = RUNAWAY;
        else
            happen(moment, l, t, t0);
    }

    I8 choose(I8 moment, I8 outcome, I8 l, F8 t, F8 t0) {
        if (outcome != DRAWN) return outcome;
        const Moment& record = tables.moments[moment];
        U8 a = static_cast<U8>(at(tables.happenings[moment].count_row, l)), b = 0;
        if (record.dated) {
            a = static_cast<U8>(std::floor(t + plan.origin));
            b = 1;
        }
        F8 best = INFTY;
        I8 winner = -1;
        for (I8 o = record.outcome_start; o < record.outcome_end; ++o) {
            const F8 weight = value(tables.outcomes[o].weight, l, t0, t - t0);
            if (weight > 0.0) {
                const F8 arrival = exponential(word(lane[l], tables.outcomes[o].key, a, b)) / weight;
                if (arrival < best) {
                    best = arrival;
                    winner = o;
                }
            }
        }
        return winner;
    }

    I8 apply(I8 number, I8 l, F8 t, F8 t0) {
        const Effect& effect = tables.effects[number];
        if (!holds(effect.condition, l, t0, t - t0)) return -1;
        switch (effect.kind) {
        case RAISE: return effect.target;
        case START_TIMER: start_timer(effect.target, l, t, t0); return -1;
        case STOP_TIMER: stop_timer(effect.target, l); return -1;
        case SET_STAGE:
            if (at(effect.target, l) != effect.value) {
                at(effect.target, l) = effect.value;
                touch(effect.target);
            }
            return -1;
        }
        F8 amount = value(effect.amount, l, t0, t - t0);
        if (effect.varies.start >= 0) {
            const F8 span = value(effect.varies, l, t0, t - t0);
            amount *= chance(span, word(lane[l], effect.key, static_cast<U8>(at(effect.count_row, l)), 0));
        }
        if (effect.kind == ADD_MEMORY)
            add_to_memory(effect.memory, amount, l, t - t0);
        else
            change_stock(effect, amount, l);
        return -1;
    }

    void change_stock(const Effect& effect, F8 amount, I8 l) {
        F8& stock = at(effect.target, l);
        if (effect.kind == ADD_STOCK) amount = stock + amount;
        if (effect.kind == TIMES_STOCK) amount = stock * amount;
        const F8 kept = std::min(std::max(amount, effect.lower), effect.upper);
        clamped[effect.stock] += kept != amount;
        if (kept != stock) {
            stock = kept;
            touch(effect.target);
        }
    }

    // ── timers ──

    void start_timer(I8 number, I8 l, F8 t, F8 t0) {
        const Timer& timer = tables.timers[number];
        if (timer.keep && (strikes[number * WIDTH + l] < INFTY || at(timer.since_row, l) < INFTY)) return;
        F8 delay = value(timer.delay, l, t0, t - t0);
        at(timer.count_row, l) += 1.0;
        if (timer.random) {
            const F8 span = value(timer.varies, l, t0, t - t0);
            at(timer.since_row, l) = t;
            at(timer.median_row, l) = delay;
            at(timer.factor_row, l) = span;
            delay *= chance(span, word(lane[l], timer.key, static_cast<U8>(at(timer.count_row, l)), 0));
        }
        set_strike(number, l, std::max(delay, 0.0) + (timer.whole_days ? std::floor(t) + 1.0 : t));
    }

    void stop_timer(I8 number, I8 l) {
        at(tables.timers[number].since_row, l) = INFTY;
        set_strike(number, l, INFTY);
    }

    void set_strike(I8 number, I8 l, F8 strike) {
        const F8 former = strikes[number * WIDTH + l];
        strikes[number * WIDTH + l] = strike;
        if (strike <= next_strike[l])
            next_strike[l] = strike;
        else if (former == next_strike[l])
            find_next_strike(l);
    }

    void find_next_strike(I8 l) {
        F8 earliest = INFTY;
        for (I8 number = 0; number < n_timers; ++number) earliest = std::min(earliest, strikes[number * WIDTH + l]);
        next_strike[l] = earliest;
    }

    bool is_due(I8 l, F8 t) const { return next_strike[l] <= t && status[l] == FINE; }

    void strike_timers(I8 l, F8 t, F8 t0) {
        while (is_due(l, t)) {
            I8 number = 0;
            while (strikes[number * WIDTH + l] > t) ++number;
            stop_timer(number, l);
            const I8 moment = tables.timers[number].moment;
            if (can_fire(moment, l, t, t0)) fire(moment, DRAWN, l, t, t0);
        }
    }

    // ── an instant ──

    I8 keep_agenda(I8 entry, I8 l, F8 t, F8 t0) {
        for (; entry < size(tables.agenda) && tables.agenda[entry].time <= t && tables.agenda[entry].moment >= 0; ++entry) {
            const Entry& item = tables.agenda[entry];
            if (status[l] == FINE && can_fire(item.moment, l, t, t0)) fire(item.moment, item.outcome, l, t, t0);
        }
        return entry;
    }

    void complete(I8 l, F8 t, F8 t0) {
        bool any_fired = settle(l, t, t0);
        while (is_due(l, t)) {
            strike_timers(l, t, t0);
            any_fired = settle(l, t, t0) || any_fired;
        }
        n_instant = 0;
        if (any_fired) std::fill(fired.begin(), fired.end(), std::uint8_t{0});
    }

    bool settle(I8 l, F8 t, F8 t0) {
        bool any_fired = false;
        for (I8 round = 0; round < MAX_ROUNDS; ++round) {
            if (trigger_list.count == 0 || status[l] != FINE) break;
            const I8 count = collect(l, t, t0);
            for (I8 i = 0; i < count; ++i) {
                const I8 number = became[i], moment = tables.triggers[number].moment;
                fired[number] = any_fired = true;
                armed[number * WIDTH + l] = 0;
                if (can_fire(moment, l, t, t0)) fire(moment, DRAWN, l, t, t0);
            }
            if (round == MAX_ROUNDS - 1 && count > 0) status[l] = TOO_MANY_ROUNDS;
        }
        for (I8 i = 0; i < trigger_list.count; ++i) trigger_list.marks[trigger_list.numbers[i]] = 0;
        trigger_list.count = 0;
        return any_fired;
    }

    I8 collect(I8 l, F8 t, F8 t0) {
        I8 count = 0;
        for (I8 i = 0; i < trigger_list.count; ++i) {
            const I8 number = trigger_list.numbers[i];
            trigger_list.marks[number] = 0;
            const Trigger& trigger = tables.triggers[number];
            std::uint8_t& is_armed = armed[number * WIDTH + l];
            const bool true_now = holds(trigger.when, l, t0, t - t0);
            if (is_armed) {
                if (true_now && fired[number]) {
                    is_armed = 0;
                } else if (true_now) {
                    I8 slot = count++;
                    for (; slot > 0 && became[slot - 1] > number; --slot) became[slot] = became[slot - 1];
                    became[slot] = number;
                }
            } else if (trigger.rearm.start >= 0 ? holds(trigger.rearm, l, t0, t - t0) : !true_now) {
                is_armed = 1;
            }
        }
        trigger_list.count = 0;
        return count;
    }

    void refresh(I8 l, F8 t, F8 t0, F8 t1) {
        for (I8 i = 0; i < watch_list.count; ++i) {
            const I8 number = watch_list.numbers[i];
            watch_list.marks[number] = 0;
            const Watch& watch = tables.watches[number];
            F8& first = register_[number * WIDTH + l];
            const bool opened = watch.opens < t || (watch.kind == EVER && watch.opens == t);
            if (opened && t <= watch.closes && first == INFTY && holds(watch.what, l, t0, t - t0)) first = t;
        }
        watch_list.count = 0;
        const bool inside = t1 > t;
        for (I8 i = 0; i < clock_list.count; ++i)
            before[clock_list.numbers[i]] = at(first_rate + clock_list.numbers[i], l);
        for (I8 i = 0; i < steady_list.count; ++i) {
            const Clock& clock = tables.clocks[steady_list.numbers[i]];
            steady_list.marks[steady_list.numbers[i]] = 0;
            run_lane({clock.steady_start, clock.steady_end, 0}, l, t0, t - t0);
        }
        steady_list.count = 0;
        for (I8 i = 0; i < clock_list.count; ++i) {
            clock_list.marks[clock_list.numbers[i]] = 0;
            if (!inside) continue;
            const I8 number = clock_list.numbers[i];
            const Program& rate = tables.clocks[number].rate;
            if (rate.start >= 0) run_lane(rate, l, t0, 0.5 * (t + until_of[number]) - t0);
            residual[number * WIDTH + l] -= (at(rate.row, l) - before[number]) * (t1 - t);
            set_due(number, l, t, t1);
        }
        clock_list.count = 0;
    }

    I8 look(I8 entry, I8 l, F8 t, F8 t0) {
        for (; entry < size(tables.agenda) && tables.agenda[entry].time <= t; ++entry) {
            const I8 number = -1 - tables.agenda[entry].moment;
            if (status[l] == FINE) register_[number * WIDTH + l] = value(tables.watches[number].what, l, t0, t - t0);
        }
        return entry;
    }

    // ── a tick ──

    I8 start(bool fresh) {
        for (I8 number = 0; fresh && number < n_triggers; ++number)
            for (I8 l = 0; l < n; ++l)
                armed[number * WIDTH + l] = !holds(tables.triggers[number].when, l, plan.starts, 0.0);
        for (I8 l = 0; l < n; ++l) find_next_strike(l);
        const I8 entry = instant(plan.starts, 0);
        for (const Clock& clock : tables.clocks) run_block(clock.steady_start, clock.steady_end, plan.starts, 0.0);
        run_block(tables.ranges[0], tables.ranges[1], plan.starts, 0.0);
        return entry;
    }

    F8 step_of(I8 l) {
        F8 shortest = INFTY;
        for (const I8 number : tables.fast_memories) shortest = std::min(shortest, reading_step(number, l));
        return shortest;
    }

    F8 reading_step(I8 number, I8 l) {
        const Memory& memory = tables.memories[number];
        const F8 half_life = 0.6931471805599453 / at(memory.rate_row, l);
        const bool is_fast = at(memory.row, l) > ALIVE && half_life < STEPS_PER_HALF_LIFE * plan.tick;
        return is_fast ? half_life / STEPS_PER_HALF_LIFE : INFTY;
    }

    F8 plan_readings(I8 l, F8 t, F8 t1) {
        F8 earliest = INFTY;
        for (const I8 number : tables.fast_memories) {
            const Readers& readers = tables.rows[tables.memories[number].row];
            for (I8 i = readers.clock_start; i < readers.clock_end; ++i) until_of[tables.links[i]] = t1;
        }
        for (size_t index = 0; index < tables.fast_memories.size(); ++index) {
            const I8 number = tables.fast_memories[index], row = tables.memories[number].row;
            const F8 stored = at(row, l), length = reading_step(number, l);
            const bool now = length < INFTY && (reading[index] == INFTY || reading[index] <= t || seen[index] != stored);
            if (now || length == INFTY) {
                reading[index] = t + length;
                seen[index] = stored;
            }
            earliest = std::min(earliest, reading[index]);
            for (I8 i = tables.rows[row].clock_start; reading[index] < INFTY && i < tables.rows[row].clock_end; ++i) {
                const I8 clock = tables.links[i];
                until_of[clock] = std::min(until_of[clock], reading[index]);
                if (now) clock_list.mark(clock);
            }
        }
        return earliest;
    }

    void wind_up(I8 l, F8 t0, F8 t1) {
        std::fill(reading.begin(), reading.end(), INFTY);
        std::fill(due.begin(), due.end(), INFTY);
        std::fill(until_of.begin(), until_of.end(), t1);
        n_due = 0;
        for (I8 number = 0; lowest[l] < 0.0 && number < n_clocks; ++number) set_due(number, l, t0, t1);
    }

    void set_due(I8 number, I8 l, F8 t, F8 t1) {
        const F8 left = residual[number * WIDTH + l];
        due[number] = INFTY;
        if (left < 0.0 && at(first_rate + number, l) > 0.0) {
            due[number] = std::max(t, t1 + left / at(first_rate + number, l));
            ++n_due;
        }
    }

    void follow_lane(I8 l, F8 t0, F8 t1, I8 entry, U8 epoch) {
        const bool is_fast = !tables.fast_memories.empty();
        wind_up(l, t0, t1);
        F8 pause = is_fast ? plan_readings(l, t0, t1) : INFTY;
        if (pause < t1) refresh(l, t0, t0, t1);
        while (status[l] == FINE) {
            F8 first = t1;
            I8 clock = -1;
            for (I8 number = 0; n_due > 0 && number < n_clocks; ++number) {
                if (due[number] < first) {
                    first = due[number];
                    clock = number;
                }
            }
            if (clock < 0) n_due = 0;
            const F8 scheduled = entry < size(tables.agenda) ? tables.agenda[entry].time : INFTY;
            const F8 t = std::min(std::min(first, pause), std::min(next_strike[l], scheduled));
            if (t >= t1) break;
            if (t == next_strike[l] || t == scheduled) {
                strike_timers(l, t, t0);
                entry = keep_agenda(entry, l, t, t0);
            } else if (t == first && clock >= 0) {
                redraw(clock, l, epoch, t1 - t);
                set_due(clock, l, t, t1);
                fire(tables.clocks[clock].moment, DRAWN, l, t, t0);
            }
            complete(l, t, t0);
            if (is_fast) pause = plan_readings(l, t, t1);
            refresh(l, t, t0, t1);
            entry = look(entry, l, t, t0);
        }
    }

    void redraw(I8 clock, I8 l, U8 epoch, F8 rest) {
        const I8 place = clock * WIDTH + l;
        ++redraws[place];
        const U8 bits = word(lane[l], tables.clocks[clock].key, epoch, static_cast<U8>(redraws[place]));
        residual[place] = exponential(bits) - at(first_rate + clock, l) * rest;
    }

    void renew(U8 epoch) {
        for (I8 number = 0; number < n_clocks; ++number) {
            const U8 key = tables.clocks[number].key;
            F8* const left = &residual[number * WIDTH];
            const U8* const lanes_ = lane.data();
#pragma GCC ivdep
            for (I8 l = 0; l < n; ++l) left[l] = exponential(word(lanes_[l], key, epoch, 0));
            std::fill_n(&redraws[number * WIDTH], n, I8{0});
        }
    }

    void find_busy(F8 t1, bool scheduled) {
        const F8 h = plan.tick;
        F8* const low = lowest.data();
        std::fill_n(low, WIDTH, INFTY);
        for (I8 number = 0; number < n_clocks; ++number) {
            F8* const left = &residual[number * WIDTH];
            const F8* const rate = &x[(first_rate + number) * WIDTH];
#pragma GCC ivdep
            for (I8 l = 0; l < WIDTH; ++l) {
                const F8 rest = left[l] - rate[l] * h;
                left[l] = rest;
                low[l] = rest < low[l] ? rest : low[l];
            }
        }
        for (I8 l = 0; l < n; ++l) {
            bool must = scheduled || low[l] < 0.0 || next_strike[l] < t1;
            if (!must && !tables.fast_memories.empty()) must = step_of(l) < h;
            busy[l] = must && status[l] == FINE;
        }
    }

    void fade() {
        for (const Memory& memory : tables.memories) {
            F8* const row = &x[memory.row * WIDTH];
            const F8* const factor = &x[memory.full_row * WIDTH];
#pragma GCC ivdep
            for (I8 l = 0; l < WIDTH; ++l) row[l] *= factor[l];
        }
    }

    void flow(U8 tick_number) {
        F8* const gain = lowest.data();
        for (const Flow& record : tables.flows) {
            F8* const stock = &x[record.row * WIDTH];
            const F8* const change = &x[record.flow_row * WIDTH];
            std::copy_n(change, WIDTH, gain);
            if (record.noise_row >= 0) {
                const F8* const size_ = &x[record.noise_row * WIDTH];
                const U8* const lanes_ = lane.data();
                const U8 key = record.key;
#pragma GCC ivdep
                for (I8 l = 0; l < WIDTH; ++l) gain[l] += size_[l] * noise(word(lanes_[l], key, tick_number, 0));
            }
            if (record.kind == LOG_SCALE) {
#pragma GCC ivdep
                for (I8 l = 0; l < WIDTH; ++l) gain[l] = stock[l] * exponential_function(gain[l]);
            } else {
#pragma GCC ivdep
                for (I8 l = 0; l < WIDTH; ++l) gain[l] += stock[l];
            }
            const F8 lower = record.lower, upper = record.upper;
            I8 hits = 0;
            for (I8 l = 0; l < n; ++l) {
                const F8 moved = gain[l];
                F8 kept = moved > lower ? moved : lower;
                kept = kept < upper ? kept : upper;
                hits += kept != moved ? 1 : 0;
                stock[l] = kept;
            }
            clamped[record.stock] += hits;
        }
    }

    void arm() {
        for (I8 number = 0; number < n_triggers; ++number) {
            const Trigger& trigger = tables.triggers[number];
            if (!trigger.continuous) continue;
            for (I8 l = 0; l < n; ++l) busy[l] |= armed[number * WIDTH + l] && at(trigger.when.row, l) != 0.0;
        }
        for (I8 number = 0; number < n_triggers; ++number) {
            const Trigger& trigger = tables.triggers[number];
            if (!trigger.continuous) continue;
            for (I8 l = 0; l < n; ++l) {
                if (armed[number * WIDTH + l] || busy[l]) continue;
                armed[number * WIDTH + l] =
                    trigger.rearm.start >= 0 ? at(trigger.rearm.row, l) != 0.0 : at(trigger.when.row, l) == 0.0;
            }
        }
    }

    I8 instant(F8 t, I8 entry) {
        I8 later = entry;
        while (later < size(tables.agenda) && tables.agenda[later].time <= t) ++later;
        for (I8 l = 0; l < n; ++l) busy[l] = later > entry || next_strike[l] <= t;
        run_block(tables.ranges[4], tables.ranges[5], t, 0.0);
        arm();
        for (I8 l = 0; l < n; ++l) {
            if (!busy[l] || status[l] != FINE) continue;
            strike_timers(l, t, t);
            const I8 place = keep_agenda(entry, l, t, t);
            for (I8 number = 0; number < n_triggers; ++number)
                if (tables.triggers[number].continuous) trigger_list.mark(number);
            complete(l, t, t);
            refresh(l, t, t, t);
            look(place, l, t, t);
        }
        watch_block(t);
        return later;
    }

    void watch_block(F8 t) {
        bool wanted = false;
        for (const Watch& watch : tables.watches) {
            if (watch.kind != EVER || t < watch.opens || t > watch.closes) continue;
            if (watch.continuous)
                wanted = true;
            else if (t - watch.opens < plan.tick)
                run_block(watch.what.start, watch.what.end, t, 0.0);
        }
        if (wanted) run_block(tables.ranges[6], tables.ranges[7], t, 0.0);
        for (I8 number = 0; number < n_watches; ++number) {
            const Watch& watch = tables.watches[number];
            if (watch.kind != EVER || t < watch.opens || t > watch.closes) continue;
            if (!watch.continuous && t - watch.opens >= plan.tick) continue;
            for (I8 l = 0; l < n; ++l)
                if (at(watch.what.row, l) != 0.0 && register_[number * WIDTH + l] == INFTY && status[l] == FINE)
                    register_[number * WIDTH + l] = t;
        }
    }
};

// ── the loop over blocks ────────────────────────────────────────────────────────────────────────

struct Ensemble {
    Numbers plan;
    std::vector<I8> hoisted;
    std::vector<F8> per_draw, state, strikes;
    std::vector<std::uint8_t> armed;
    std::vector<U8> keys;
    std::vector<I8> budget;

    explicit Ensemble(const Input& in)
        : plan(in.array<Numbers>("numbers").at(0)), hoisted(in.array<I8>("hoisted")), per_draw(in.array<F8>("per_draw")),
          state(in.array<F8>("state")), strikes(in.array<F8>("strikes")), armed(in.array<std::uint8_t>("armed")),
          keys(in.array<U8>("keys")), budget(in.array<I8>("budget")) {}

    // per_draw, state and armed have one column per draw; strikes, keys one per trajectory.
    void load(Block& block, I8 first, I8 n) const {
        const I8 n_draws = plan.n_draws, n_all = n_draws * plan.n_replicates;
        for (size_t h = 0; h < hoisted.size(); ++h)
            for (I8 l = 0; l < n; ++l)
                block.x[hoisted[h] * WIDTH + l] = per_draw[h * n_draws + (first + l) / plan.n_replicates];
        for (I8 row = 0; row < plan.n_state_rows; ++row)
            for (I8 l = 0; l < n; ++l) block.x[row * WIDTH + l] = state[row * n_draws + (first + l) / plan.n_replicates];
        for (I8 row = 0; row < static_cast<I8>(strikes.size()) / n_all; ++row)
            for (I8 l = 0; l < n; ++l) block.strikes[row * WIDTH + l] = strikes[row * n_all + first + l];
        for (I8 row = 0; row < static_cast<I8>(armed.size()) / n_draws; ++row)
            for (I8 l = 0; l < n; ++l) block.armed[row * WIDTH + l] = armed[row * n_draws + (first + l) / plan.n_replicates];
        for (I8 l = 0; l < n; ++l) {
            block.lane[l] = keys[first + l];
            block.budget[l] = budget[(first + l) / plan.n_replicates];
            block.firings[l] = block.status[l] = 0;
        }
        std::fill(block.register_.begin(), block.register_.end(), INFTY);
    }
};

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: kernel INPUT [OUTPUT]\n");
        return 2;
    }
    const Input input(argv[1]);
    const Tables tables(input);
    const Ensemble ensemble(input);
    const I8 n_all = ensemble.plan.n_draws * ensemble.plan.n_replicates;
    const I8 n_watches = static_cast<I8>(tables.watches.size());
    std::vector<F8> registers(static_cast<size_t>(n_watches * n_all));
    Block block(tables, ensemble.plan);
    I8 firings = 0;
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu_begin = std::clock();
    for (I8 first = 0; first < n_all; first += WIDTH) {
        const I8 n = std::min(WIDTH, n_all - first);
        ensemble.load(block, first, n);
        block.simulate(n, ensemble.armed.empty());
        for (I8 w = 0; w < n_watches; ++w)
            std::copy_n(&block.register_[w * WIDTH], n, &registers[w * n_all + first]);
        for (I8 l = 0; l < n; ++l) firings += block.firings[l];
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const double cpu_seconds = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
    std::printf("%.6f %.6f %lld\n", seconds.count(), cpu_seconds, static_cast<long long>(firings));
    if (argc > 2) {
        std::ofstream out(argv[2], std::ios::binary);
        out.write(reinterpret_cast<const char*>(registers.data()), static_cast<std::streamsize>(registers.size() * 8));
    }
}
