set -e
cd /tmp
mkdir -p a/b/c
i=0
while [ $i -lt 20 ]; do
        echo "line $i" >a/b/$i
        i=$((i + 1))
done
find a -type f | sort | xargs grep -l 'line 1' | wc -l
tar -c a | gzip | gunzip | tar -t >list
sed -e 's/a/b/' list | awk '{ n += length($0) } END { print n }'
cp -r a d && chmod -R o-w d && mv d e && ln -s e f && rm -r a e f
dd if=/dev/zero of=zeros bs=4k count=16 2>/dev/null
md5sum zeros | cut -d' ' -f1
(sleep 0.1; echo late) &
wait
date >/dev/null
id >/dev/null
df / >/dev/null
rm zeros list
