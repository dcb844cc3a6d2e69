package main

import (
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// proto records the field numbers of the protobuf encoding, which typed clients use on write: for each type its fields as
// number -> [JSON name, type, repetition, whether a zero is meant]. The numbers stand in the struct tags of k8s.io/api.
func (r *recorder) proto() error {
	types := object{}
	kinds := object{}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		if !wanted(pathOf(gvk.GroupVersion())) || strings.HasSuffix(gvk.Kind, "List") {
			continue
		}
		if _, ok := reflect.New(t).Interface().(metav1.Object); !ok && gvk.Kind != "DeleteOptions" {
			continue
		}
		kinds[gvk.GroupVersion().String()+"/"+gvk.Kind] = typeName(t)
		walk(t, types)
	}
	r.put("proto.json.gz", object{"kinds": kinds, "types": types})
	return nil
}

func pathOf(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "api/" + gv.Version
	}
	return "apis/" + gv.String()
}

func typeName(t reflect.Type) string {
	return t.PkgPath()[strings.LastIndex(strings.TrimSuffix(t.PkgPath(), "/v1"), "/")+1:] + "." + t.Name()
}

// walk enters a struct and all it refers to.
func walk(t reflect.Type, types object) {
	name := typeName(t)
	if types[name] != nil {
		return
	}
	fields := object{}
	types[name] = fields
	for i := range t.NumField() {
		field := t.Field(i)
		tag := strings.Split(field.Tag.Get("protobuf"), ",")
		if len(tag) < 2 {
			continue
		}
		// An embedded struct has no JSON name: its fields are the parent's.
		json := strings.Split(field.Tag.Get("json"), ",")[0]
		meant := field.Type.Kind() == reflect.Pointer || !strings.Contains(field.Tag.Get("json"), ",omit")
		kind, repeated := describe(field.Type, types)
		fields[tag[1]] = []any{json, kind, repeated, meant}
	}
}

// describe tells the type of a field and whether it is one, a list or a map.
func describe(t reflect.Type, types object) (kind, repeated string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes", ""
		}
		kind, _ = describe(t.Elem(), types)
		// A named list such as ExtraValue or Verbs is a message of its own.
		if t.Name() != "" && t.PkgPath() != "" {
			return kind, "items"
		}
		return kind, "list"
	case reflect.Map:
		kind, inner := describe(t.Elem(), types)
		if inner == "items" {
			return kind, "map of items"
		}
		return kind, "map"
	case reflect.Struct:
		switch name := typeName(t); name {
		case "meta/v1.Time", "meta/v1.MicroTime", "meta/v1.FieldsV1", "meta/v1.Duration":
			return strings.TrimPrefix(name, "meta/v1."), ""
		}
		switch t.Name() {
		case "Quantity", "IntOrString", "RawExtension":
			return t.Name(), ""
		}
		walk(t, types)
		return typeName(t), ""
	case reflect.String:
		return "string", ""
	case reflect.Bool:
		return "bool", ""
	case reflect.Float32, reflect.Float64:
		return "double", ""
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint8, reflect.Int8, reflect.Int16:
		return "int", ""
	}
	return fmt.Sprintf("unknown %s", t.Kind()), ""
}
