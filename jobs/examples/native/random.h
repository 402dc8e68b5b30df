/* CPython's random.Random: the Mersenne Twister and what its methods draw from it.
 *
 * Follows Matsumoto and Nishimura's MT19937 and, for the order of draws, CPython's
 * Modules/_randommodule.c (random, getrandbits) and Lib/random.py (_randbelow, shuffle).
 */
#ifndef COVID_CTL_RANDOM_H
#define COVID_CTL_RANDOM_H

#include <stdint.h>

#define WORDS 624
#define MIDDLE 397

/* As random.Random.getstate() has it: 624 words, then the number of the next one. A new stream's next is 624,
 * so that `tempered` need not be set: it is made with the words, all at once, in loops that the compiler
 * turns into vector instructions.
 */
typedef struct {
    uint32_t words[WORDS];
    uint32_t next;
    uint32_t tempered[WORDS];
} Random;

static inline uint32_t twisted(uint32_t high, uint32_t low, uint32_t far)
{
    uint32_t mixed = (high & 0x80000000u) | (low & 0x7fffffffu);
    return far ^ (mixed >> 1) ^ ((mixed & 1u) ? 0x9908b0dfu : 0u);
}

static void refill(Random *r)
{
    uint32_t *w = r->words;
    int i;
    for (i = 0; i < WORDS - MIDDLE; i++)
        w[i] = twisted(w[i], w[i + 1], w[i + MIDDLE]);
    for (; i < WORDS - 1; i++)
        w[i] = twisted(w[i], w[i + 1], w[i + MIDDLE - WORDS]);
    w[i] = twisted(w[i], w[0], w[MIDDLE - 1]);
    for (i = 0; i < WORDS; i++) {
        uint32_t y = w[i];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        r->tempered[i] = y ^ (y >> 18);
    }
    r->next = 0;
}

static inline uint32_t draw(Random *r)
{
    if (r->next >= WORDS)
        refill(r);
    return r->tempered[r->next++];
}

/* random(): 53 bits in [0, 1). */
static inline double uniform(Random *r)
{
    uint32_t high = draw(r) >> 5, low = draw(r) >> 6;
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
}

/* random() < 0.5, which the first bit drawn decides. */
static inline int coin(Random *r)
{
    uint32_t high = draw(r);
    draw(r);
    return high < 0x80000000u;
}

/* _randbelow(n), 0 < n < 2^32: as many bits as n has, drawn again until below n. */
static inline uint32_t below(Random *r, uint32_t n)
{
    int shift = __builtin_clz(n);
    uint32_t drawn = draw(r) >> shift;
    while (drawn >= n)
        drawn = draw(r) >> shift;
    return drawn;
}

/* random.shuffle() of 0 .. count - 1, count < 2^32. A draw that is too high, one in four, swaps the last number with
 * itself and is made again: which they are cannot be guessed, and a branch guessed wrong costs more than a swap.
 */
static inline void shuffled(uint32_t *numbers, uint32_t count, Random *r)
{
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = i;
    for (uint32_t last = count ? count - 1 : 0; last > 0;) {
        int shift = __builtin_clz(last + 1);
        uint32_t lowest = (0x80000000u >> shift) - 1; /* lowest + 1 has as many bits as last + 1 */
        if (r->next >= WORDS)
            refill(r);
        uint32_t next = r->next;
        for (; last >= lowest && next < WORDS; next++) {
            uint32_t drawn = r->tempered[next] >> shift;
            uint32_t counts = drawn <= last, other = counts ? drawn : last;
            uint32_t swapped = numbers[last];
            numbers[last] = numbers[other];
            numbers[other] = swapped;
            last -= counts;
        }
        r->next = next;
    }
}

#endif
