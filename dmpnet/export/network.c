/* Runs the network of network.h on golden.bin and compares every spike, membrane and memory with what stands there.

   cc -O2 -o network network.c && ./network golden.bin

   Integers alone; no library but the standard one. Layer by layer and step by step as dmpnet/arithmetic/fixed.py says:

       x     = X(max(I(w_x . s_in + b_x), 0) >> shift_x)
       m     = M(I(Abar m) >> shift_m + I(Bbar x) >> shift_B)
       I_m   = I(P m_before) >> shift_I + I(nu x) >> shift_nu       or I(P m) >> shift_I, where there is no nu
       v     = kept(u) + (I(W_f s_in + W_r s) >> shift_f) + I_m + b, and max(v, floor)
       s     = v >= theta_u;  u = U(0 or v - theta_u where it fired)

   Exit code 1 if a value differs. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "network.h"

typedef int64_t i64;

static i64 held(i64 value, word w)
{
    if (w.wrap) {
        i64 size = w.high - w.low + 1, over = (value - w.low) % size;
        return (over < 0 ? over + size : over) + w.low;
    }
    return value < w.low ? w.low : value > w.high ? w.high : value;
}

static i64 left_of(i64 value, int bits) { return value * ((i64)1 << bits); }

static i64 down(i64 value, int bits) /* towards minus infinity, whatever >> of a negative number does */
{
    i64 size = (i64)1 << bits;
    return value >= 0 ? value / size : -((-value + size - 1) / size);
}

static i64 shifted(i64 total, int shift, word w, i64 noise)
{
    if (shift <= 0)
        return left_of(total, -shift);
    i64 whole = down(total, shift), rest = total - left_of(whole, shift), half = (i64)1 << (shift - 1);
    switch (w.rounding) {
    case NEAREST:
        return whole + (rest > half || (rest == half && whole % 2 != 0));
    case ZERO:
        return whole + (total < 0 && rest > 0);
    case STOCHASTIC: {
        int below = shift < 16 ? 16 - shift : 0;
        return whole + down(left_of(rest, below) + left_of(noise, shift + below - 16), shift + below);
    }
    default:
        return whole;
    }
}

static i64 drawn(uint16_t *shifter, word w) /* a word of the shift register of a quantity that rounds at random */
{
    uint16_t now = *shifter;
    if (w.rounding != STOCHASTIC)
        return 0;
    for (int bit = 0; bit < 16; bit++)
        *shifter = (uint16_t)(*shifter >> 1 ^ (*shifter & 1 ? 0xB400 : 0));
    return now;
}

static i64 aligned(i64 a, int shift_a, i64 b, int shift_b, int *shift)
{
    *shift = shift_a > shift_b ? shift_a : shift_b;
    return left_of(a, *shift - shift_a) + left_of(b, *shift - shift_b);
}

static i64 dot(const int32_t *row, const i64 *values, int n)
{
    i64 sum = 0;
    for (int i = 0; i < n; i++)
        sum += row[i] * values[i];
    return sum;
}

typedef struct {
    i64 *u, *s, *m, *before, *I_m, *sent, *heard;
    i64 x;
    int shift_I;
    uint16_t random_x, random_m, random_u;
} state;

static i64 *zeros(size_t n)
{
    i64 *array = calloc(n ? n : 1, sizeof(i64));
    if (!array) { fprintf(stderr, "no memory for %zu numbers\n", n); exit(2); }
    return array;
}

static void rest(const layer *l, state *a)
{
    memset(a->u, 0, sizeof(i64) * l->N);
    memset(a->s, 0, sizeof(i64) * l->N);
    memset(a->m, 0, sizeof(i64) * l->d);
    memset(a->I_m, 0, sizeof(i64) * l->N);
    memset(a->sent, 0, sizeof(i64) * l->M * (l->longest + 1));
    a->x = 0, a->shift_I = 0;
    a->random_x = l->random_x, a->random_m = l->random_m, a->random_u = l->random_u;
}

static void arrive(const layer *l, state *a, int k, const i64 *s_in) /* what axons bring, as far as the queue holds it */
{
    int places = l->longest + 1, events = 0;
    for (int j = 0; j < l->M; j++)
        a->sent[(k % places) * l->M + j] = s_in[j];
    for (int j = 0; j < l->M; j++) {
        int late = l->delay ? l->delay[j] : 0;
        i64 value = k >= late ? a->sent[((k - late) % places) * l->M + j] : 0;
        events += value != 0;
        a->heard[j] = l->queue && events > l->queue ? 0 : value;
    }
}

static void remember(const layer *l, state *a, int k)
{
    i64 total = held(dot(l->w_x, a->heard, l->M) + l->b_x, l->I);
    i64 rest = 0;
    int shift;
    a->x = held(shifted(total > 0 ? total : 0, l->shift_x, l->x, drawn(&a->random_x, l->x)), l->x);
    memcpy(a->before, a->m, sizeof(i64) * l->d);
    for (int i = 0; i < l->d; i++) {
        i64 kept = held(dot(l->Abar + (size_t)i * l->d, a->before, l->d), l->I), added = held(l->Bbar[i] * a->x, l->I);
        i64 sum = aligned(kept, l->shift_m, added, l->shift_B, &shift);
        if (l->m.rounding == CARRIED && shift > 0) { /* what is cut off goes to the next slot, half to the first */
            sum += i ? rest : (i64)1 << (shift - 1);
            rest = sum - left_of(down(sum, shift), shift);
            a->m[i] = held(down(sum, shift), l->m);
        } else
            a->m[i] = held(shifted(sum, shift, l->m, drawn(&a->random_m, l->m)), l->m);
    }
    if (k % l->d_s == 0)
        for (int i = 0; i < l->N; i++) {
            i64 seen = held(dot(l->P + (size_t)i * l->d, l->nu ? a->before : a->m, l->d), l->I);
            a->I_m[i] = aligned(seen, l->shift_I, l->nu ? held(l->nu[i] * a->x, l->I) : 0, l->shift_nu,
                                &a->shift_I);
        }
}

static i64 kept(const layer *l, i64 u, i64 noise)
{
    switch (l->decay) {
    case EXPONENTIAL:
        return shifted(l->constant * u, l->constant_shift, l->u, noise);
    case LINEAR:
        return u > l->constant ? u - l->constant : u < -l->constant ? u + l->constant : 0;
    default:
        return u - shifted(u, l->constant_shift, l->u, noise);
    }
}

static void step(const layer *l, state *a, int k, const i64 *s_in)
{
    arrive(l, a, k, s_in);
    if (l->d)
        remember(l, a, k);
    for (int i = 0; i < l->N; i++) { /* all totals first: s is that of the step before */
        a->before[l->d + i] = dot(l->W_f + (size_t)i * l->M, a->heard, l->M)
                              + (l->W_r ? dot(l->W_r + (size_t)i * l->N, a->s, l->N) : 0);
    }
    for (int i = 0; i < l->N; i++) {
        i64 noise = drawn(&a->random_u, l->u), current, memory = 0, v;
        current = shifted(held(a->before[l->d + i], l->I), l->shift_f, l->u, noise);
        if (l->d)
            memory = shifted(a->I_m[i], a->shift_I, l->u, noise);
        if (l->each)
            current = held(current, l->u), memory = held(memory, l->u);
        v = kept(l, a->u[i], noise) + current + l->b[i] + memory;
        if (l->before)
            v = held(v, l->u);
        if (l->floor && v < l->floor[i])
            v = l->floor[i];
        a->s[i] = v >= l->theta_u[i];
        v = a->s[i] ? (l->hard ? 0 : v - l->theta_u[i]) : v;
        a->u[i] = l->before ? v : held(v, l->u);
    }
}

static i64 next(FILE *golden)
{
    i64 value;
    if (fread(&value, sizeof value, 1, golden) != 1) { fprintf(stderr, "golden file ends early\n"); exit(2); }
    return value;
}

static i64 differ(const char *what, int sample, int k, int number, const i64 *got, int n, FILE *golden)
{
    i64 wrong = 0;
    for (int i = 0; i < n; i++) {
        i64 want = next(golden);
        if (want != got[i] && !wrong++)
            printf("sample %d, step %d, layer %d: %s[%d] is %lld, golden %lld\n", sample, k, number + 1, what,
                   i, (long long)got[i], (long long)want);
    }
    return wrong;
}

int main(int argc, char **argv)
{
    FILE *golden = fopen(argc > 1 ? argv[1] : "golden.bin", "rb");
    i64 head[3]; /* samples, steps, inputs */
    i64 wrong = 0, compared = 0, spikes = 0, classes_wrong = 0;
    state all[LAYERS];
    if (!golden || fread(head, sizeof head, 1, golden) != 1) { fprintf(stderr, "no golden file\n"); return 2; }
    for (int number = 0; number < LAYERS; number++) {
        const layer *l = layers + number;
        all[number] = (state){zeros(l->N), zeros(l->N), zeros(l->d), zeros(l->d + l->N), zeros(l->N),
                              zeros((size_t)l->M * (l->longest + 1)), zeros(l->M), 0, 0, 0, 0, 0};
    }
    i64 *s_in = zeros(head[2]), y[CLASSES];
    for (int sample = 0; sample < head[0]; sample++) {
        i64 sums[CLASSES] = {0};
        i64 best = 0;
        for (int number = 0; number < LAYERS; number++)
            rest(layers + number, all + number);
        for (int k = 0; k < head[1]; k++) {
            const i64 *signal = s_in;
            for (int j = 0; j < head[2]; j++)
                s_in[j] = next(golden);
            for (int number = 0; number < LAYERS; number++) {
                const layer *l = layers + number;
                state *a = all + number;
                step(l, a, k, signal);
                wrong += differ("s", sample, k, number, a->s, l->N, golden);
                wrong += differ("u", sample, k, number, a->u, l->N, golden);
                if (l->d) {
                    wrong += differ("m", sample, k, number, a->m, l->d, golden);
                    wrong += differ("x", sample, k, number, &a->x, 1, golden);
                }
                compared += 2 * l->N + (l->d ? l->d + 1 : 0);
                for (int i = 0; i < l->N; i++)
                    spikes += a->s[i];
                signal = a->s;
            }
            for (int c = 0; c < CLASSES; c++)
                y[c] = dot(W_o + (size_t)c * layers[LAYERS - 1].N, signal, layers[LAYERS - 1].N) + b_o[c], sums[c] += y[c];
            wrong += differ("y", sample, k, LAYERS, y, CLASSES, golden);
            compared += CLASSES;
        }
        for (int c = 1; c < CLASSES; c++)
            if (sums[c] > sums[best])
                best = c;
        i64 said = next(golden);
        classes_wrong += said >= 0 && said != best;
    }
    printf("%d samples, %lld spikes: %lld of %lld values differ, %lld classes\n", (int)head[0], (long long)spikes,
           (long long)wrong, (long long)compared, (long long)classes_wrong);
    return wrong || classes_wrong ? 1 : 0;
}
