#!/bin/sh
# Makes an authority and a certificate for the names that Messenger 7.5 signs in to, as Windows XP takes them: RSA of 2048 bits,
# SHA-1 signatures (Service Pack 3 takes SHA-256 too: sh certificate.sh FOLDER sha256). Import authority.crt into Windows, into the
# trusted root authorities of the computer. Keep authority.key nowhere on a machine that faces the net, or delete it afterwards:
# whoever has it can be any site to that Windows.
set -eu
folder=${1:?give the folder to write to}
digest=${2:-sha1}
mkdir -p "$folder"
cd "$folder"
umask 077
cat > certificate.cnf <<'END'
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[server]
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:loginnet.passport.com, DNS:login.live.com, DNS:login.passport.com, DNS:nexus.passport.com, DNS:login.passport.net
[req]
distinguished_name = name
prompt = no
[name]
CN = loginnet.passport.com
END
openssl req -new -newkey rsa:2048 -nodes -keyout authority.key -subj "/CN=Chrysalis of my own" -config certificate.cnf -out authority.csr
openssl x509 -req -in authority.csr -signkey authority.key "-$digest" -days 3650 -extfile certificate.cnf -extensions authority -out authority.crt
openssl req -new -newkey rsa:2048 -nodes -keyout xp-key.pem -config certificate.cnf -out server.csr
openssl x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial "-$digest" -days 3650 -extfile certificate.cnf -extensions server -out xp-certificate.pem
rm -f authority.csr server.csr authority.srl certificate.cnf
