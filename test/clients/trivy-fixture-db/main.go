// Fills a bolt file by the real bbolt library with the rows of YAML files as Trivy's integration tests have them: buckets
// with pairs, pairs with keys and values; a value that is a text or a number stands as it is, everything else as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
	"go.yaml.in/yaml/v3"
)

type node struct {
	Bucket string `yaml:"bucket"`
	Key    string `yaml:"key"`
	Value  any    `yaml:"value"`
	Pairs  []node `yaml:"pairs"`
}

type parent interface {
	CreateBucketIfNotExists(name []byte) (*bolt.Bucket, error)
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: trivy-fixture-db FILE YAML…")
		os.Exit(2)
	}
	if err := fill(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fill takes one transaction for each YAML file, as the builder of the real database does for each source.
func fill(name string, files []string) error {
	db, err := bolt.Open(name, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		return err
	}
	defer db.Close()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var nodes []node
		if err := yaml.Unmarshal(text, &nodes); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := db.Update(func(tx *bolt.Tx) error { return put(tx, nil, nodes) }); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func put(in parent, bucket *bolt.Bucket, nodes []node) error {
	for _, n := range nodes {
		if n.Bucket != "" {
			below, err := in.CreateBucketIfNotExists([]byte(n.Bucket))
			if err != nil {
				return err
			}
			if err := put(below, below, n.Pairs); err != nil {
				return err
			}
			continue
		}
		value, err := valueOf(n.Value)
		if err != nil {
			return err
		}
		if err := bucket.Put([]byte(n.Key), value); err != nil {
			return err
		}
	}
	return nil
}

func valueOf(value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return []byte(v), nil
	case int, float64:
		return []byte(fmt.Sprint(v)), nil
	default:
		return json.Marshal(v)
	}
}
