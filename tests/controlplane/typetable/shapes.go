package main

import "reflect"

// fill says how far an object is filled in before it is defaulted: structs behind pointers, one item in each list.
type fill struct{ pointers, lists bool }

var fills = []fill{{false, false}, {false, true}, {true, false}, {true, true}}

// choice sets a field on which the server's defaulting depends, wherever a struct of that name occurs.
type choice struct {
	typ, field string
	value      any
}

var choices = [][]choice{
	{},
	{{"Container", "Image", "app:1"}, {"EphemeralContainerCommon", "Image", "app:1"}},
	{{"Container", "Image", "app"}, {"EphemeralContainerCommon", "Image", "app"}},
	{{"PodSpec", "RestartPolicy", "Never"}},
	{{"ServiceSpec", "Type", "ClusterIP"}, {"ServiceSpec", "SessionAffinity", "ClientIP"}},
	{{"ServiceSpec", "Type", "NodePort"}},
	{{"ServiceSpec", "Type", "LoadBalancer"}, {"LoadBalancerIngress", "IP", "192.0.2.1"}},
	{{"ServiceSpec", "Type", "ExternalName"}},
	{{"DeploymentStrategy", "Type", "Recreate"}},
	{{"DeploymentStrategy", "Type", "RollingUpdate"}},
	{{"DaemonSetUpdateStrategy", "Type", "OnDelete"}},
	{{"DaemonSetUpdateStrategy", "Type", "RollingUpdate"}},
	{{"StatefulSetUpdateStrategy", "Type", "OnDelete"}},
	{{"StatefulSetUpdateStrategy", "Type", "RollingUpdate"}},
	{{"JobSpec", "Completions", int32(3)}, {"JobSpec", "CompletionMode", "Indexed"}, {"JobSpec", "BackoffLimitPerIndex", int32(2)}},
	{{"JobSpec", "Parallelism", int32(3)}},
	{{"JobSpec", "Suspend", true}, {"JobSpec", "ManualSelector", true}},
	{{"Subject", "Kind", "User"}},
	{{"Subject", "Kind", "ServiceAccount"}},
	{{"PriorityLevelConfigurationSpec", "Type", "Limited"}, {"LimitResponse", "Type", "Queue"}},
	{{"PriorityLevelConfigurationSpec", "Type", "Exempt"}},
	{{"ExactDeviceRequest", "AllocationMode", "All"}, {"DeviceSubRequest", "AllocationMode", "All"}, {"DeviceRequest", "AllocationMode", "All"}},
	{{"ExactDeviceRequest", "DeviceClassName", "gpu"}, {"DeviceRequest", "DeviceClassName", "gpu"}},
	{{"CustomResourceConversion", "Strategy", "Webhook"}},
	{{"LimitRangeItem", "Type", "Container"}},
}

// shapes builds the objects of a type whose defaulting is worth watching: filled in to every extent, for every choice,
// and full but for one type of struct at a time, which is left empty so that its own defaults show.
func shapes(typ reflect.Type) []reflect.Value {
	var objects []reflect.Value
	for bare := range reachable(typ, map[reflect.Type]bool{}) {
		object := reflect.New(typ)
		builder := builder{fill: fill{true, true}, bare: bare, inside: map[reflect.Type]bool{}}
		builder.build(object.Elem())
		objects = append(objects, object)
	}
	for _, fill := range fills {
		for _, choice := range choices {
			object := reflect.New(typ)
			builder := builder{fill: fill, choices: choice, inside: map[reflect.Type]bool{}}
			builder.build(object.Elem())
			if builder.chosen || len(choice) == 0 {
				objects = append(objects, object)
			}
		}
	}
	return objects
}

// reachable are the structs inside a type, itself included.
func reachable(typ reflect.Type, found map[reflect.Type]bool) map[reflect.Type]bool {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if isStruct(typ) && !found[typ] {
		found[typ] = true
		for i := range typ.NumField() {
			reachable(typ.Field(i).Type, found)
		}
	}
	return found
}

type builder struct {
	fill
	choices []choice
	chosen  bool                  // a choice applied: the object differs from the plain one
	bare    reflect.Type          // left empty
	inside  map[reflect.Type]bool // types under construction: recursion ends here
}

func (b *builder) build(value reflect.Value) {
	typ := value.Type()
	if !isStruct(typ) || typ == b.bare || b.inside[typ] || typ.Name() == "ObjectMeta" {
		return
	}
	b.inside[typ] = true
	defer delete(b.inside, typ)
	for i := range typ.NumField() {
		field := value.Field(i)
		switch {
		case isStruct(field.Type()):
			b.build(field)
		case field.Kind() == reflect.Pointer && isStruct(field.Type().Elem()) && b.pointers && !b.inside[field.Type().Elem()]:
			field.Set(reflect.New(field.Type().Elem()))
			b.build(field.Elem())
		case field.Kind() == reflect.Slice && isStruct(field.Type().Elem()) && b.lists && !b.inside[field.Type().Elem()]:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			b.build(field.Index(0))
		}
	}
	b.choose(value)
}

func (b *builder) choose(value reflect.Value) {
	for _, choice := range b.choices {
		if choice.typ != value.Type().Name() {
			continue
		}
		field := value.FieldByName(choice.field)
		if !field.IsValid() {
			continue
		}
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			field = field.Elem()
		}
		field.Set(reflect.ValueOf(choice.value).Convert(field.Type()))
		b.chosen = true
	}
}
