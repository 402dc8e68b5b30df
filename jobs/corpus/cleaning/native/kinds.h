/* What a character is, in texts that have a byte for each: ASCII is itself, and jobs/corpus/cleaning/kinds.py has the
 * others.
 */
#ifndef COVID_CTL_KINDS_H
#define COVID_CTL_KINDS_H

#include <stdint.h>

enum { LETTER = 0x80, NUMERAL, BLANK, SIGN };

static inline int is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static inline int is_small(uint8_t c) { return c >= 'a' && c <= 'z'; }
static inline int is_capital(uint8_t c) { return c >= 'A' && c <= 'Z'; }
/* As regular expressions have \d, \s and \w. */
static inline int is_numeral(uint8_t c) { return is_digit(c) || c == NUMERAL; }
static inline int is_blank(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31) || c == BLANK; }
static inline int is_word(uint8_t c) { return is_small(c | 0x20) || is_numeral(c) || c == '_' || c == LETTER; }

#endif
