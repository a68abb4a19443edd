// Command etcd calls upstream's own entry point: etcd's server module exports it but ships no main package.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
