# Mail::IMAPClient reads, files, flags and deletes.
# usage: imapclient.pl PORT plain|starttls|tls CA NAME PASSWORD
use strict;
use warnings;
use IO::Socket::SSL;
use Mail::IMAPClient;

my ($port, $mode, $ca, $name, $password) = @ARGV;
my $tls = [SSL_ca_file => $ca, SSL_hostname => "localhost", SSL_verifycn_name => "localhost",
    SSL_verifycn_scheme => "imap", SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_PEER];
my $imap = Mail::IMAPClient->new(
    Server => "localhost", Port => $port, User => $name, Password => $password, Uid => 1,
    ($mode eq "tls" ? (Ssl => $tls) : ()), ($mode eq "starttls" ? (Starttls => $tls) : ()),
) or die "no connection: $@";

sub done { my ($result) = @_; return $result || die $imap->LastError || "nothing found"; }
sub uid { my ($subject) = @_; return done(scalar $imap->search(SUBJECT => $subject))->[0]; }

done($imap->tag_and_run('ID ("name" "Mail::IMAPClient" "version" "' . Mail::IMAPClient->VERSION . '")'));
done(scalar grep { $_ eq "Archive" } $imap->folders);
done($imap->select("INBOX"));
my $headers = done($imap->parse_headers(scalar $imap->messages, "Subject"));
print "$_->{Subject}[0]\n" for values %$headers;
print done($imap->body_string(uid("Read me")));
done($imap->move("Archive", uid("File me")));
done($imap->set_flag("Flagged", uid("Flag me")));
done($imap->delete_message(uid("Delete me")));
done($imap->expunge);
done($imap->logout);
