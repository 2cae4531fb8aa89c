"""What single programs do, told by their options: one table a family, read by a person and by the test."""

from __future__ import annotations

import pytest

from pinnedrules.rules.shell.reading import summarize

# Each line is a command and the effects that it has; with a question mark, it is unclear as well.
FINDING = r"""
find . -newer a -print                          read
find . -newermt 2026-01-01 -type f              read
find a b -maxdepth 1 -O3                        read
find . -fprintf out %p                          read write
find . -fls                                     read write
find . -exec ls                                 read ?
find . -frobnicate                              read ?
find . -exec cat {} \; -delete                  read delete
find . "-$a"                                    read ?
sed -e s/a/b/ -n x                              read
sed --expression=s/a/b/ x                       read
sed -n -- p x                                   read
sed --debug p x                                 read
sed --sandbox p x                               read ?
sed -i.bak 3d x                                 read write
sed "$a" x                                      read ?
sed p $a                                        read ?
sed 's/a/b/w out' x                             read ?
awk -F: '{print $1}' x                          read
awk -F : -v a=1 '{print a}' x                   read
awk -- '{print}' x                              read
awk -f prog x                                   read ?
awk --version                                   read
awk '{print > "x"}' y                           read ?
awk '{print}' $a                                read ?
awk "$a" x                                      read ?
"""

READING = r"""
sort -k2 -t, -u x                               read
sort --key=2 --parallel 4 x                     read
sort -o out x                                   read write
sort --output out x                             read write
sort -T /var/tmp x                              read write
sort --files0-from=x                            read ?
sort $a                                         read ?
uniq -c x                                       read
uniq x y                                        read write
xxd -r x y                                      read write
xxd -revert x                                   read write
grep -rf patterns x                             read
grep -ve a -- x                                 read
ls -w80 --color=auto                            read
ls -I*.o                                        read
cut -d, -f1 x                                   read
date -s tomorrow                                read write
date -f x                                       read ?
hostname -F x                                   read write
printf -v a x                                   read ?
test -v a                                       read ?
[ 'a[$(ls)]' = b ]
man -P cat ls                                   read ?
tree -o out                                     read write
cp a b                                          read write
cp --strip-program=x a b                        read write ?
cp /dev/null a                                  read write delete
touch -d yesterday a                            write
tee -a a                                        write
head -c "$n" x                                  read
head -c"$n" x                                   read
"""

GIT = r"""
git                                             read
git --version                                   read
git --frobnicate status                         read ?
git -C sub --no-pager log -n 3                  read
git $a                                          read ?
git log $a                                      read ?
git log --output=x                              read write
git diff --ext-diff                             read ?
git grep -O a                                   read ?
git clone -c a=b https://a.example/x            read write send ?
git ls-remote -uprog x                          read send ?
git frobnicate                                  write execute
git bisect run x                                write execute ?
git rm --cached x                               write delete
git rm -n x                                     read
git prune -n                                    write delete
git config --get a                              read
git config                                      read
git config a b                                  write execute
git branch -a                                   read
git branch                                      read
git branch a                                    read write
git branch -df a                                write delete
git tag -l                                      read
git stash                                       read write
git stash list                                  read
git stash pop                                   write delete
git stash show                                  read
git restore --staged a                          read write
git restore a                                   write delete
git restore --staged --worktree a               write delete
git checkout -b a                               read write
git checkout a                                  write delete
git checkout -b a -- b                          write delete
git reset a                                     read write
git reset --hard                                write delete
git remote -v                                   read
git remote prune a                              write delete
git fetch --prune                               read write send
git push ext::x                                 send ?
git push https://a.example/x :b                 delete send
git push git@a.example:x                        send
"""

NETWORK = r"""
curl https://a.example/                         read send
curl -sSL --max-time 5 https://a.example/       read send
curl --data-raw @x https://a.example/           read send
curl -d @x https://a.example/                   read send
curl -d "$a" https://a.example/                 read send
curl -Fa=@x https://a.example/                  read send
curl -T x https://a.example/                    read send
curl -X PUT https://a.example/                  read write send
curl -X "$a" https://a.example/                 read send ?
curl -X OPTIONS https://a.example/              read send
curl -O https://a.example/x                     read write send
curl -OL https://a.example/x                    read write send
curl -OK https://a.example/x                    read send ?
curl --remote-name https://a.example/x          read write send
curl -o - https://a.example/x                   read send
curl --url https://a.example/x                  read send
curl -b jar https://a.example/x                 read send ?
curl -H @x https://a.example/x                  read send ?
curl "-$a" https://a.example/x                  read send ?
curl $a                                         read send ?
curl -K x                                       read send ?
curl                                            read send
curl file:///x                                  read send
wget https://a.example/x                        read write send
wget -qO- https://a.example/x                   read send
wget -O x https://a.example/x                   read write send
wget -Px https://a.example/x                    read write send
wget -o log https://a.example/x                 read write send
wget --output-document=- https://a.example/x    read send
wget --post-data=a --spider https://a.example/  read send
wget --post-file x --spider https://a.example/  read send
wget --method POST --spider https://a.example/  read write send
wget --tries 3 --spider https://a.example/      read send
wget --use-askpass=x https://a.example/         read write send ?
wget $a                                         read write send ?
wget                                            read write send
ssh -p 22 ada@a.example ls                      read send
ssh -i key -T a.example ls                      read send
ssh a.example                                   read write send execute ?
ssh -p22                                        read send
ssh -L 1:b:2 a.example ls                       read send ?
ssh $a ls                                       read send
scp -P 22 x a.example:y                         read write send
scp -J b x a.example:y                          read write send ?
rsync -a x y                                    read write
rsync -av --exclude .git x a.example:y          read write send
rsync --delete x y                              read write delete
rsync x "$a"                                    read write ?
rsync -e ssh x y                                read write ?
rsync rsync://a.example/x y                     read write send
rsync $a y                                      read write ?
ping -c 1 a.example                             read send
dig $a                                          read send ?
mail -s a b@a.example                           read write send
nc a.example 80                                 read write send ?
"""

RUNNING = r"""
env                                             read
env -i A=b ls                                   read ?
env LANG=C ls                                   read
env -uA ls                                      read
env -C sub ls                                   read
env --chdir=sub ls                              read
env --chdir sub ls                              read
env -S ls                                       ?
nice -n5 ls                                     read
nice --adjustment 5 ls                          read
stdbuf -o L -- ls                               read
timeout --foreground 5 ls                       read
timeout --frobnicate 5 ls                       ?
timeout $a ls                                   ?
sudo                                            write execute
sudo -u ada LANG=C ls                           read
flock lock ls                                   read
npx -y jest                                     write execute
command -V ls                                   read
watch -n 2 ls                                   read
watch --frobnicate ls                           ?
trap - EXIT                                     ?
trap 'ls' EXIT                                  read
trap
eval $a                                         ?
eval ls a                                       read
source
. a                                             write execute ?
cd                                              read
cd -P sub                                       read
set -euo pipefail
set -- a                                        ?
xargs                                           read
xargs -0 -n 1 ls                                read
xargs -a list cat                               read
xargs --max-args=2 ls                           read
xargs --frobnicate ls                           read ?
xargs -I % cp % x/                              read write ?
sh -x a.sh                                      write execute
sh --version                                    read
sh -o posix                                     ?
sh $a                                           ?
bash -i -c ls                                   read ?
bash -c 'cat {}'                                read ?
bash -c                                         ?
bash a.sh b                                     write execute
fish -c ls                                      ?
python3 --version                               read
python3 -u a.py                                 write execute
python3 -m pytest                               write execute
python3 -                                       write execute ?
node eval                                       write execute ?
python3 /dev/stdin                              write execute ?
LS                                              read write execute
./rm x                                          write delete execute
/usr/bin/ls                                     read
a/                                              ?
rm.exe x                                        write delete execute
"""

SERVICES = r"""
docker ps -a                                    read
docker                                          read
docker --version                                read
docker -H x ps                                  write execute ?
docker push a                                   write send publish execute read
docker rmi a                                    write delete execute
docker run a                                    write execute ?
npm ls                                          read
npm $a                                          write execute ?
npm publish                                     write send publish execute
pip install a                                   read write send execute
kubectl get pods                                read send
kubectl exec a -- ls                            read write send execute ?
dd if=a of=b bs=1                               read write delete
dd frob=a                                       read ?
tar tzf a.tgz                                   read
tar --list -f a.tar                             read
tar -xzf a.tgz -C b                             read write
tar -cf a.tar --to-command=ls                   read write ?
tar cf a.tar *                                  read write ?
zip -r a.zip b                                  read write
cpio -i                                         read write ?
dir                                             read
del a                                           delete ?
Remove-Item a                                   write delete execute ?
Get-ChildItem                                   read write execute
copy a b                                        ?
"""

LINES = r"""
ls > "$a"                                       read write
ls >&2                                          read
ls 2>&1                                         read
ls 5>&-                                         read
ls <> a                                         ?
ls > /dev/fd/3                                  ?
echo a > /dev/udp/a.example/1                   read send
{fd}> a ls                                      ?
cat < a                                         read
cat <<< "$a"                                    read
a=(b c); ls                                     read
a[0]=b                                          ?
a=b; ls                                         read
path=b                                          ?
A=b                                             ?
declare -a a=(b)                                ?
declare -f a                                    ?
unset a b
unset -f a                                      ?
[[ -n $a && $b == c* ]]
[[ $a =~ ^b ]]
[[ $a =~ $(ls) ]]                               read
[[ $a -eq 1 ]]                                  ?
(( 1 + 2 ))                                     ?
(( a ))                                         ?
if [ -f a ]; then cat a; elif true; then ls; fi read
while true; do ls; break; done                  read
until ls; do sleep 1; done                      read
case a in b) ls;; *) pwd;; esac                 read
for PATH in a; do ls; done                      ?
echo a\ b "c\"d" 'e'                            read
echo $((1 + 2)) "${a:-b}" ${a##*/}              read
echo ${a@P}                                     ?
echo ${!a}                                      ?
echo `ls`                                       read
echo `echo \`ls\``                              ?
echo "a`ls`b"                                   read
echo a"$b"c                                     read
echo {a,b}                                      read
echo {1..3}                                     ?
echo $'a'                                       ?
echo $"a"                                       ?
echo $(if true; then ls; fi)                    ?
echo $(< a)                                     read
select a in b; do ls; done                      read
ls # all                                        read
ls # $(x)                                       read ?
"""


def _rows(*tables: str) -> list[tuple[str, set[str], bool]]:
    rows = []
    for line in "".join(tables).splitlines():
        command, effects = line[:48].strip(), set(line[48:].split())
        if command:
            rows.append((command, effects - {"?"}, "?" in effects))
    return rows


ROWS = _rows(FINDING, READING, GIT, NETWORK, RUNNING, SERVICES, LINES)


@pytest.mark.parametrize(("command", "effects", "unclear"), ROWS, ids=[command for command, _, _ in ROWS])
def test_a_program_does_what_its_options_say(command: str, effects: set[str], unclear: bool) -> None:
    """An option that writes, deletes, sends or starts another program is seen in every form; one nobody knows is unclear."""
    found = summarize(command)
    assert (set(found.effects), bool(found.unclear)) == (effects, unclear)
