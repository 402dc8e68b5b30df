/* Texts as the bytes that other compiled parts read: the loop of jobs/native/__init__.py. This alone takes Python's
 * objects, and is called with the interpreter's lock.
 */

#include <stdint.h>
#include <string.h>

/* Of Python's stable interface, whose headers many a Python comes without. */
typedef struct PyObject PyObject;
extern intptr_t PyList_Size(PyObject *list);
extern PyObject *PyList_GetItem(PyObject *list, intptr_t place); /* borrowed */
extern const char *PyUnicode_AsUTF8AndSize(PyObject *text, intptr_t *size);
extern PyObject *PyBytes_FromStringAndSize(const char *bytes, intptr_t size);
extern char *PyBytes_AsString(PyObject *bytes);

#define END_OF_TEXT 0xFF /* no byte of UTF-8 */

/* A list's texts in UTF-8, each closed by END_OF_TEXT, then `behind` zeros; NULL and an exception where one has no UTF-8.
 * Python keeps the UTF-8 of a text that is not ASCII with it: it is made once, however often it is asked for.
 */
PyObject *joined_in_utf8(PyObject *texts, intptr_t behind)
{
    const intptr_t count = PyList_Size(texts);
    intptr_t total = count + behind, size;
    for (intptr_t i = 0; i < count; i++, total += size)
        if (!PyUnicode_AsUTF8AndSize(PyList_GetItem(texts, i), &size))
            return NULL;
    PyObject *whole = PyBytes_FromStringAndSize(NULL, total);
    if (!whole)
        return NULL;
    char *to = PyBytes_AsString(whole);
    for (intptr_t i = 0; i < count; i++) {
        const char *text = PyUnicode_AsUTF8AndSize(PyList_GetItem(texts, i), &size);
        memcpy(to, text, (size_t)size);
        to += size;
        *to++ = (char)END_OF_TEXT;
    }
    memset(to, 0, (size_t)behind);
    return whole;
}
