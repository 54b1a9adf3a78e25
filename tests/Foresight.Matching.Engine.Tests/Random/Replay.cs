using System.Buffers;
using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Random;

/// <summary>A leader rebuilds its engine from what the journal stores, so each command is encoded and decoded.</summary>
internal sealed class Replay(int shard)
{
    private readonly byte[] _encoded = new byte[CommandCodec.Size];
    private readonly RecordedEvents _events = new();
    private ExchangeEngine _engine = new(shard);

    public void Apply(in Command command, in RecordedEvents expected)
    {
        CommandCodec.Encode(command, _encoded);
        _events.Clear();
        var events = _events;
        _engine.Apply(CommandCodec.Decode(_encoded), ref events);
        if (!_events.Events.SequenceEqual(expected.Events) || !_events.Touched.SetEquals(expected.Touched))
            Assert.Fail($"the replay says:\n  {string.Join("\n  ", _events.Events)}\nnot:\n  {string.Join("\n  ", expected.Events)}");
    }

    public void RequireStateOf(ExchangeEngine engine) => Assert.Equal(engine.StateHash(), _engine.StateHash());

    /// <summary>The tables of the first engine have a different history, which must not matter.</summary>
    public void RestoreFrom(ExchangeEngine engine)
    {
        var buffer = new ArrayBufferWriter<byte>();
        engine.WriteSnapshot(buffer);
        _engine = ExchangeEngine.Restore(buffer.WrittenSpan);
        RequireStateOf(engine);
        var again = new ArrayBufferWriter<byte>();
        _engine.WriteSnapshot(again);
        Assert.True(buffer.WrittenSpan.SequenceEqual(again.WrittenSpan), "a snapshot of a restored engine is the same bytes");
    }
}
