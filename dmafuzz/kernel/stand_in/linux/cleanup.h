// SPDX-License-Identifier: GPL-2.0-only
/* Guards, classes and pointers that are given up at the end of a scope. What begins one may be a function or a macro:
 * the locks' are macros (linux/spinlock.h), so that a lock is counted by the expression that names it. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>

#define dk_joined_(a, b) a##b
#define dk_joined(a, b) dk_joined_(a, b)

#define CLASS(name, variable) dk_class_##name variable __attribute__((cleanup(dk_end_##name), unused)) = dk_begin_##name
#define guard(name) CLASS(name, dk_joined(dk_guard_, __COUNTER__))
/* One turn, in which `break` and `continue` leave the scope. */
#define scoped_guard(name, ...)                 \
    for (int dk_turn = 1; dk_turn; dk_turn = 0) \
        for (CLASS(name, dk_scope)(__VA_ARGS__); dk_turn; dk_turn = 0)

#define DEFINE_CLASS(name, type, exit_, init_, ...)   \
    typedef type dk_class_##name;                     \
    static inline void dk_end_##name(type *dk_p) {    \
        type _T __attribute__((unused)) = *dk_p;      \
        exit_;                                        \
    }                                                 \
    static inline type dk_begin_##name(__VA_ARGS__) { \
        type dk_t = init_;                            \
        return dk_t;                                  \
    }
#define EXTEND_CLASS(name, more, init_, ...)                                               \
    typedef dk_class_##name dk_class_##name##more;                                         \
    static inline void dk_end_##name##more(dk_class_##name *dk_p) { dk_end_##name(dk_p); } \
    static inline dk_class_##name dk_begin_##name##more(__VA_ARGS__) {                     \
        dk_class_##name dk_t = init_;                                                      \
        return dk_t;                                                                       \
    }
#define DEFINE_GUARD(name, type, lock_, unlock_) \
    DEFINE_CLASS(                                \
        name, type, if (_T) { unlock_; }, ({     \
            lock_;                               \
            _T;                                  \
        }),                                      \
        type _T)
#define DEFINE_LOCK_GUARD_1(name, type, lock_, unlock_, ...)                        \
    typedef struct {                                                                \
        type *lock;                                                                 \
        __VA_ARGS__;                                                                \
    } dk_class_##name;                                                              \
    static inline void dk_end_##name(dk_class_##name *_T) {                         \
        if (_T->lock) {                                                             \
            unlock_;                                                                \
        }                                                                           \
    }                                                                               \
    static inline dk_class_##name dk_begin_##name(type *dk_l) {                     \
        dk_class_##name dk_t = {.lock = dk_l}, *_T __attribute__((unused)) = &dk_t; \
        lock_;                                                                      \
        return dk_t;                                                                \
    }
#define DEFINE_LOCK_GUARD_0(name, lock_, unlock_, ...)                   \
    typedef struct {                                                     \
        void *lock;                                                      \
        __VA_ARGS__;                                                     \
    } dk_class_##name;                                                   \
    static inline void dk_end_##name(dk_class_##name *_T) {              \
        (void)_T;                                                        \
        unlock_;                                                         \
    }                                                                    \
    static inline dk_class_##name dk_begin_##name(void) {                \
        dk_class_##name dk_t = {0}, *_T __attribute__((unused)) = &dk_t; \
        lock_;                                                           \
        return dk_t;                                                     \
    }

#define DEFINE_FREE(name, type, free_)              \
    static inline void dk_free_##name(void *dk_p) { \
        type _T = *(type *)dk_p;                    \
        free_;                                      \
    }
#define __free(name) __attribute__((cleanup(dk_free_##name)))
#define __cleanup(function) __attribute__((cleanup(function)))
#define no_free_ptr(p)             \
    ({                             \
        __auto_type dk_kept = (p); \
        (p) = NULL;                \
        dk_kept;                   \
    })
#define return_ptr(p) return no_free_ptr(p)
#define retain_and_null_ptr(p) ((void)no_free_ptr(p))
