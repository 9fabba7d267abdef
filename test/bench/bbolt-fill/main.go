// The rival of our bolt writer: the real bbolt library fills a file with the facts on stdin in one transaction and says
// how long that took. Facts are sorted and travel as in ../../boltdb/bbolt-judge: kind 0, u32 number of names in the path,
// then names, key and value, each with its length as u32 before it; little-endian.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: bbolt-fill FILE < facts")
		os.Exit(2)
	}
	if err := fill(os.Args[1], bufio.NewReaderSize(os.Stdin, 1<<20)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fill takes what a careful program would: one transaction, no sync, and the bucket of the last key kept open.
func fill(name string, in *bufio.Reader) error {
	start := time.Now()
	db, err := bolt.Open(name, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		return err
	}
	keys := 0
	err = db.Update(func(tx *bolt.Tx) error {
		var open *bolt.Bucket
		var last string
		for {
			path, parts, err := read(in)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if path != last {
				if open, err = bucket(tx, parts[:len(parts)-2]); err != nil {
					return err
				}
				last = path
			}
			if err := open.Put(parts[len(parts)-2], parts[len(parts)-1]); err != nil {
				return err
			}
			keys++
		}
	})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	var usage syscall.Rusage
	seconds := time.Since(start).Seconds()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"keys": keys, "seconds": seconds, "peakMiB": float64(usage.Maxrss) / 1024,
	})
}

func bucket(tx *bolt.Tx, path [][]byte) (*bolt.Bucket, error) {
	b, err := tx.CreateBucketIfNotExists(path[0])
	for _, name := range path[1:] {
		if err != nil {
			return nil, err
		}
		b, err = b.CreateBucketIfNotExists(name)
	}
	return b, err
}

// read gives the path as one text, for comparing, and names, key and value.
func read(in *bufio.Reader) (string, [][]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return "", nil, err
	}
	names := int(binary.LittleEndian.Uint32(head[1:]))
	parts := make([][]byte, 0, names+2)
	path := ""
	for i := 0; i < names+2; i++ {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return "", nil, err
		}
		part := make([]byte, binary.LittleEndian.Uint32(size[:]))
		if _, err := io.ReadFull(in, part); err != nil {
			return "", nil, err
		}
		if i < names {
			path += "\x00" + string(part)
		}
		parts = append(parts, part)
	}
	return path, parts, nil
}
