# Net::IMAP reads, files, flags and deletes.
# usage: net_imap.rb PORT plain|starttls|tls CA NAME PASSWORD
require "net/imap"

port, mode, ca, name, password = ARGV
trust = { ca_file: ca, verify_mode: OpenSSL::SSL::VERIFY_PEER }
imap = Net::IMAP.new("localhost", port: port.to_i, **(mode == "tls" ? { ssl: trust } : {}))
imap.starttls(trust) if mode == "starttls"
imap.authenticate("PLAIN", name, password)

raise "no Archive" unless imap.list("", "*").map(&:name).include?("Archive")
imap.select("INBOX")
imap.fetch(1..-1, "ENVELOPE").each { |message| puts message.attr["ENVELOPE"].subject }
subject = ->(text) { imap.uid_search(["SUBJECT", text]).first }
puts imap.uid_fetch(subject.("Read me"), "BODY[TEXT]").first.attr["BODY[TEXT]"]
imap.uid_move(subject.("File me"), "Archive")
imap.uid_store(subject.("Flag me"), "+FLAGS", [:Flagged])
imap.uid_store(subject.("Delete me"), "+FLAGS", [:Deleted])
imap.expunge
imap.logout
imap.disconnect
