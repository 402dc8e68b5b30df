/* Work that several threads share for the length of one call: none is left behind, and a fork finds none. */

#ifndef THREADS
#define THREADS

#include <pthread.h>
#include <stddef.h>

enum { MOST_THREADS = 64 };

struct thread_of_work {
  void (*run)(void *work, size_t thread);
  void *work;
  size_t number;
};

static void *thread_main(void *of) {
  const struct thread_of_work *thread = of;
  thread->run(thread->work, thread->number);
  return NULL;
}

/* Calls ``run`` on so many threads at once, this one as number 0; on fewer where the system gives no more. ``run`` must
   come to its end whoever else runs. */
static inline void on_threads(size_t threads, void (*run)(void *work, size_t thread), void *work) {
  pthread_t started[MOST_THREADS];
  struct thread_of_work told[MOST_THREADS];
  size_t count = 0;
  for (; count + 1 < threads && count < MOST_THREADS; count++) {
    told[count] = (struct thread_of_work){run, work, count + 1};
    if (pthread_create(&started[count], NULL, thread_main, &told[count])) break;
  }
  run(work, 0);
  for (size_t i = 0; i < count; i++) pthread_join(started[i], NULL);
}

#endif
