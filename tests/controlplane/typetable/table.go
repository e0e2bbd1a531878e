package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kube-openapi/pkg/util"
)

// unsaid are structs that are the body of a kind, not an option with a default.
var unsaid = map[string]bool{
	"metadata": true, "spec": true, "status": true, "template": true, "jobTemplate": true, "roleRef": true, "taint": true,
}

type table struct {
	zero     map[string][]string
	defaults map[string]map[string]map[string]bool // type, field, JSON value
}

func newTable() *table {
	return &table{zero: map[string][]string{}, defaults: map[string]map[string]map[string]bool{}}
}

// name is how the server's OpenAPI calls the type.
func name(typ reflect.Type) string {
	if model, ok := reflect.Zero(typ).Interface().(util.OpenAPIModelNamer); ok {
		return model.OpenAPIModelName()
	}
	return util.ToRESTFriendlyName(typ.PkgPath() + "." + typ.Name())
}

// isLeaf says that a struct writes its own JSON (Quantity, Time, IntOrString, RawExtension...).
func isLeaf(typ reflect.Type) bool {
	return reflect.PointerTo(typ).Implements(reflect.TypeFor[json.Marshaler]())
}

func isStruct(typ reflect.Type) bool { return typ.Kind() == reflect.Struct && !isLeaf(typ) }

// opaque types hold any JSON: their empty value is a value.
func isOpaque(typ reflect.Type) bool {
	return typ == reflect.TypeFor[runtime.RawExtension]() || typ.Kind() == reflect.Interface ||
		strings.HasPrefix(typ.Name(), "JSON") && isLeaf(typ)
}

// eachField calls with the JSON fields of a struct, embedded ones as its own; apiVersion and kind are no fields.
func eachField(typ reflect.Type, call func(json string, index []int, field reflect.Type)) {
	for i := range typ.NumField() {
		field := typ.Field(i)
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && tag == "":
			if field.Type.Name() != "TypeMeta" {
				eachField(field.Type, func(json string, index []int, typ reflect.Type) {
					call(json, append([]int{i}, index...), typ)
				})
			}
		case field.IsExported() && tag != "" && tag != "-":
			call(tag, []int{i}, field.Type)
		}
	}
}

// addType lists the non-pointer fields of a struct and of everything that it holds.
func (t *table) addType(typ reflect.Type) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if _, done := t.zero[nameOrNone(typ)]; done || !isStruct(typ) {
		return
	}
	fields := []string{}
	t.zero[name(typ)] = fields
	eachField(typ, func(json string, _ []int, field reflect.Type) {
		if field.Kind() != reflect.Pointer && !isOpaque(field) {
			fields = append(fields, json)
		}
	})
	sort.Strings(fields)
	t.zero[name(typ)] = fields
	eachField(typ, func(_ string, _ []int, field reflect.Type) { t.addType(field) })
}

func nameOrNone(typ reflect.Type) string {
	if isStruct(typ) {
		return name(typ)
	}
	return ""
}

// observe runs the server's defaulting on an object and records what was unset before and is not after.
func (t *table) observe(kind kind, object reflect.Value) {
	defer func() {
		if trouble := recover(); trouble != nil {
			fmt.Fprintf(os.Stderr, "%s: defaulting a shape of it failed: %v\n", kind.gvk, trouble)
		}
	}()
	after := object.Interface().(runtime.Object)
	before := after.DeepCopyObject()
	kind.servers.Default(after)
	t.compare(reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem())
}

func (t *table) compare(before, after reflect.Value) {
	owner := name(after.Type())
	eachField(after.Type(), func(field string, index []int, typ reflect.Type) {
		was, is := before.FieldByIndex(index), after.FieldByIndex(index)
		if isUnset(was) && !isUnset(is) && !(isStruct(typ) && unsaid[field]) {
			t.record(owner, field, is)
		}
		t.descend(was, is)
	})
}

func (t *table) descend(was, is reflect.Value) {
	typ := is.Type()
	switch {
	case isStruct(typ):
		t.compare(was, is)
	case typ.Kind() == reflect.Pointer && isStruct(typ.Elem()) && !is.IsNil():
		if was.IsNil() {
			was = reflect.New(typ.Elem())
		}
		t.compare(was.Elem(), is.Elem())
	case typ.Kind() == reflect.Slice && isStruct(typ.Elem()) && was.Len() == is.Len():
		for i := range is.Len() {
			t.compare(was.Index(i), is.Index(i))
		}
	}
}

func isUnset(value reflect.Value) bool {
	if value.Kind() == reflect.Slice || value.Kind() == reflect.Map {
		return value.Len() == 0
	}
	return value.IsZero()
}

func (t *table) record(owner, field string, value reflect.Value) {
	if derived[owner][field] != "" {
		return
	}
	text, err := json.Marshal(value.Interface())
	if err != nil {
		panic(err)
	}
	if t.defaults[owner] == nil {
		t.defaults[owner] = map[string]map[string]bool{}
	}
	if t.defaults[owner][field] == nil {
		t.defaults[owner][field] = map[string]bool{}
	}
	t.defaults[owner][field][string(text)] = true
}

// document is the whole file. A type with nothing to say stays in it: it is known to keep every zero value.
func (t *table) document() map[string]any {
	types := map[string]map[string]any{}
	for name, fields := range t.zero {
		types[name] = map[string]any{}
		if len(fields) > 0 {
			types[name]["zero"] = fields
		}
		if len(t.defaults[name]) > 0 {
			types[name]["defaults"] = alternatives(t.defaults[name])
		}
	}
	return map[string]any{"derived": derived, "types": types}
}

func alternatives(fields map[string]map[string]bool) map[string][]json.RawMessage {
	result := map[string][]json.RawMessage{}
	for field, texts := range fields {
		var sorted []string
		for text := range texts {
			sorted = append(sorted, text)
		}
		sort.Strings(sorted)
		for _, text := range sorted {
			result[field] = append(result[field], json.RawMessage(text))
		}
	}
	return result
}
