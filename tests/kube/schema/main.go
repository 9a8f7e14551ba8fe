// SPDX-License-Identifier: BSD-2-Clause

// Asks Kubernetes' own code, as its API server does, what it has against
// CustomResourceDefinitions and against objects of their kinds: the schema, the
// rules in CEL and what they may cost, and fields that are unknown.
//
//	schema CRD.json... <OBJECTS
//
// Objects are JSON, one a line. For each definition, then for each object, a line
// of JSON comes out: {"name": ..., "errors": [...], "unknown": [...]}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

type finding struct {
	Name    string   `json:"name"`
	Errors  []string `json:"errors"`
	Unknown []string `json:"unknown"`
}

type kind struct {
	namespaced bool
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

const objectMax = 4 << 20

func words(errors field.ErrorList) []string {
	said := []string{}
	for _, e := range errors {
		said = append(said, e.Error())
	}
	return said
}

func die(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "schema: "+format+"\n", args...)
	os.Exit(2)
}

// read gives the definition as it is stored, with its defaults.
func read(scheme *runtime.Scheme, path string) *apiextensions.CustomResourceDefinition {
	written := &v1.CustomResourceDefinition{}
	crd := &apiextensions.CustomResourceDefinition{}
	data, err := os.ReadFile(path)
	if err != nil {
		die("%v", err)
	}
	if err := json.Unmarshal(data, written); err != nil {
		die("%s: %v", path, err)
	}
	v1.SetDefaults_CustomResourceDefinition(written)
	v1.SetDefaults_CustomResourceDefinitionSpec(&written.Spec)
	if err := scheme.Convert(written, crd, nil); err != nil {
		die("%s: %v", path, err)
	}
	crd.Status.StoredVersions = []string{crd.Spec.Versions[0].Name}
	return crd
}

func serve(crd *apiextensions.CustomResourceDefinition) kind {
	version := crd.Spec.Versions[0]
	props := version.Schema
	if props == nil {
		props = crd.Spec.Validation
	}
	structural, err := structuralschema.NewStructural(props.OpenAPIV3Schema)
	if err != nil {
		die("%s: %v", crd.Name, err)
	}
	schemas, _, err := validation.NewSchemaValidator(props.OpenAPIV3Schema)
	if err != nil {
		die("%s: %v", crd.Name, err)
	}
	return kind{crd.Spec.Scope == apiextensions.NamespaceScoped, structural, schemas,
		cel.NewValidator(structural, true, celconfig.PerCallLimit)}
}

// validate is what the server does before it stores an object.
func (k kind) validate(object *unstructured.Unstructured) field.ErrorList {
	errors := metavalidation.ValidateObjectMetaAccessor(object, k.namespaced, metavalidation.NameIsDNSSubdomain,
		field.NewPath("metadata"))
	errors = append(errors, validation.ValidateCustomResource(nil, object.Object, k.schema)...)
	errors = append(errors, listtype.ValidateListSetsAndMaps(nil, k.structural, object.Object)...)
	ruled, _ := k.rules.Validate(context.Background(), nil, k.structural, object.Object, nil,
		celconfig.RuntimeCELCostBudget)
	return append(errors, ruled...)
}

func judge(kinds map[string]kind, line []byte) finding {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(line); err != nil {
		return finding{Errors: []string{err.Error()}, Unknown: []string{}}
	}
	served, known := kinds[object.GetKind()]
	if !known {
		die("no definition of the kind %q was given", object.GetKind())
	}
	unknown := pruning.PruneWithOptions(object.Object, served.structural, true,
		structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if unknown == nil {
		unknown = []string{}
	}
	return finding{object.GetName(), words(served.validate(object)), unknown}
}

func main() {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	kinds := map[string]kind{}
	out := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[1:] {
		crd := read(scheme, path)
		errors := words(crdvalidation.ValidateCustomResourceDefinition(context.Background(), crd))
		out.Encode(finding{crd.Name, errors, []string{}})
		if len(errors) == 0 {
			kinds[crd.Spec.Names.Kind] = serve(crd)
		}
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, objectMax)
	for lines.Scan() {
		out.Encode(judge(kinds, lines.Bytes()))
	}
	if err := lines.Err(); err != nil {
		die("%v", err)
	}
}
