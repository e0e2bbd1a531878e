// Command typetable writes what OpenAPI does not say about the built-in kinds: which fields cannot tell their zero value
// from absent (they are no pointers in Go), and what the server's own defaulting puts where a field is left unset.
//
// Nothing is listed by hand that can be seen: types come from client-go's scheme by reflection, defaults from running the
// server's defaulting on objects built in several shapes. By hand are only the shapes that make it choose (shapes.go) and
// the values that it copies or allocates (derived.go).
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/controlplane" // registers every group and its defaulting
)

// oldestServer is the minor version of Kubernetes from which on every served kind is in the table.
const oldestServer = 32

// kind is a kind that is stored: its Go type and the scheme that knows its defaulting.
type kind struct {
	gvk     schema.GroupVersionKind
	typ     reflect.Type
	servers *runtime.Scheme
}

func kinds() []kind {
	var found []kind
	for gvk, typ := range scheme.Scheme.AllKnownTypes() {
		if isStored(typ) && isLasting(gvk, typ) && legacyscheme.Scheme.Recognizes(gvk) {
			found = append(found, kind{gvk, typ, legacyscheme.Scheme})
		}
	}
	own := runtime.NewScheme()
	apiextensions.Install(own)
	apiregistration.Install(own)
	crd, service := reflect.TypeFor[apiextensionsv1.CustomResourceDefinition](), reflect.TypeFor[apiregistrationv1.APIService]()
	return append(found,
		kind{apiextensionsv1.SchemeGroupVersion.WithKind(crd.Name()), crd, own},
		kind{apiregistrationv1.SchemeGroupVersion.WithKind(service.Name()), service, own})
}

// isStored leaves out options, lists and watch events, and what is only asked or answered (reviews, Scale, Binding).
func isStored(typ reflect.Type) bool {
	meta, ok := typ.FieldByName("ObjectMeta")
	_, list := typ.FieldByName("ListMeta")
	return ok && meta.Anonymous && !list && !strings.HasSuffix(typ.Name(), "Review")
}

// isLasting leaves out alpha versions and those that no supported server serves any more.
func isLasting(gvk schema.GroupVersionKind, typ reflect.Type) bool {
	ending, ends := reflect.New(typ).Interface().(interface{ APILifecycleRemoved() (int, int) })
	if ends {
		major, minor := ending.APILifecycleRemoved()
		ends = major == 1 && minor <= oldestServer
	}
	return !ends && !strings.Contains(gvk.Version, "alpha")
}

func main() {
	table := newTable()
	for _, kind := range kinds() {
		table.addType(kind.typ)
	}
	for _, kind := range kinds() {
		for _, object := range shapes(kind.typ) {
			table.observe(kind, object)
		}
	}
	for owner, fields := range converted {
		for field, value := range fields {
			table.record(owner, field, reflect.ValueOf(value))
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(table.document()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
