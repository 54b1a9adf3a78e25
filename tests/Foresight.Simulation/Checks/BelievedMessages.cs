using System.Text;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Checks;

/// <summary>A receiver may believe only what a node has sent, and only as often: more would be a replay.</summary>
internal sealed class BelievedMessages(World world)
{
    private readonly Dictionary<string, int> _sent = [];
    private readonly Dictionary<(string Life, string Message), int> _received = [];

    public void Sent(string channel, byte[] content)
    {
        var message = Key(channel, content);
        _sent[message] = _sent.GetValueOrDefault(message) + 1;
    }

    public void Received(Process receiver, string channel, ReadOnlyMemory<byte> content)
    {
        var message = Key(channel, content.Span);
        // Counted by life, because a restarted process has no memory of what it received before.
        var life = (receiver.Name + receiver.Lives, message);
        var times = _received[life] = _received.GetValueOrDefault(life) + 1;
        if (!_sent.TryGetValue(message, out var sent))
            throw world.Violated("a forged message is not believed", $"{receiver.Name} took {message}, which no node sent");
        if (times > sent)
            throw world.Violated(
                "a replayed message is not believed",
                $"{receiver.Name} took {message} {times} times; it was sent {sent} times"
            );
    }

    private static string Key(string channel, ReadOnlySpan<byte> content) => $"{channel} {Encoding.UTF8.GetString(content)}";
}
