#!/bin/sh
set -e
cat > /root/.ssh/id_rsa <<END
-----BEGIN RSA PRIVATE KEY-----
MIIE
END
