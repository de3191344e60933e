"""Which addresses SMTP takes: what can be delivered is not refused for its form."""

from pathlib import Path

from tests.conversation import Talk, receiving


# RFC 5321 4.5.3.1.1 has 64 octets as what anybody must take, not as what nobody may pass.
def test_a_local_part_of_over_64_octets_is_taken_from_either_side(tmp_path: Path) -> None:
    longest = "x" * 200
    with receiving(tmp_path) as running, Talk(running.port) as talk:
        talk.greets().says(f"MAIL FROM:<{longest}@client.example>").hears("250 ")
        talk.says(f"RCPT TO:<support+{longest}@example.com>").hears("250 ")
