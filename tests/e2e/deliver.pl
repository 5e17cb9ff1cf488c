# Tries to deliver a message to port 25 of 127.0.0.1 and prints the replies to RCPT TO and to the
# message. Perl is part of every Debian.
#
#     perl deliver.pl [--xclient=ATTRIBUTES] [--from-address=ADDRESS] [--port=PORT] SENDER RECIPIENT...
use strict;
use warnings;
use IO::Socket::INET;

my %option = (port => 25);
while (@ARGV and $ARGV[0] =~ /^--([a-z-]+)=(.*)/) {
  $option{$1} = $2;
  shift;
}
my ($sender, @recipients) = @ARGV;
my $server = IO::Socket::INET->new(
  PeerAddr => "127.0.0.1",
  PeerPort => $option{port},
  $option{"from-address"} ? (LocalAddr => $option{"from-address"}) : (),
  Timeout => 30,
) or die "cannot connect: $!\n";

sub reply {
  my $line;
  do { $line = <$server> // die "the server closed the connection\n" } while $line =~ /^\d+-/;
  return $line;
}

sub command {
  print $server "$_[0]\r\n";
  return reply();
}

my $greeting = reply();
print $greeting unless $greeting =~ /^220/;
command("EHLO client.example");
if ($option{xclient}) {
  command("XCLIENT $option{xclient}");
  command("EHLO client.example");
}
my $reply = command("MAIL FROM:<$sender>");
print $reply unless $reply =~ /^2/;
my $accepted = 0;
for my $recipient (@recipients) {
  $reply = command("RCPT TO:<$recipient>");
  print $reply;
  $accepted++ if $reply =~ /^2/;
}
if ($accepted and command("DATA") =~ /^354/) {
  print command("From: <$sender>\r\nSubject: test\r\n\r\ntext\r\n.");
}
command("QUIT");
