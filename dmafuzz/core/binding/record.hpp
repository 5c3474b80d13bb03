// SPDX-License-Identifier: GPL-2.0-only
// Values that the core hands out: classes with read-only attributes, equal where all attributes are, shown with all of
// them.
#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <vector>

#include "binding/names.hpp"

namespace dmafuzz {

template <class T>
class Record {
public:
    Record(nanobind::module_& m, const char* name, const char* doc) : bound_(m, name, doc) {
        fields().clear();
        bound_.def("__eq__", &equal, nanobind::arg().none(),
                   nanobind::sig("def __eq__(self, other: object, /) -> bool"));
        bound_.def("__hash__", &hash);
        bound_.def("__repr__", &show);
    }

    // A member, or a function of the value.
    template <class Member>
    Record& field(const char* name, Member T::* member, const char* doc = "") {
        fields().push_back(name);
        bound_.def_ro(name, member, doc);
        return *this;
    }
    template <class Get>
    Record& field(const char* name, Get get, const char* doc = "") {
        fields().push_back(name);
        bound_.def_prop_ro(name, get, doc);
        return *this;
    }

    nanobind::class_<T>& bound() { return bound_; }

private:
    static std::vector<const char*>& fields() {
        static std::vector<const char*> all;
        return all;
    }
    static nanobind::tuple values(nanobind::handle self) {
        nanobind::list out;
        for (const char* name : fields()) out.append(self.attr(name));
        return nanobind::tuple(out);
    }
    static nanobind::object equal(nanobind::handle self, nanobind::handle other) {
        if (!nanobind::isinstance<T>(other)) return nanobind::borrow(nanobind::handle(Py_NotImplemented));
        return nanobind::bool_(values(self).equal(values(other)));
    }
    static Py_hash_t hash(nanobind::handle self) { return nanobind::hash(values(self)); }
    static std::string show(nanobind::handle self) {
        std::string out = nanobind::cast<std::string>(self.type().attr("__name__")) + "(";
        for (const char* name : fields()) {
            if (out.back() != '(') out += ", ";
            out += std::string(name) + "=" + nanobind::repr(self.attr(name)).c_str();
        }
        return out + ")";
    }

    nanobind::class_<T> bound_;
};

}  // namespace dmafuzz
