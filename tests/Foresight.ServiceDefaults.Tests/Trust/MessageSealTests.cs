using System.Buffers.Binary;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.ServiceDefaults.Tests.Trust;

[Trait("Category", "Trust")]
public sealed class MessageSealTests
{
    private const string Channel = RedisSettings.DefaultKeyPrefix + "ws:orders";
    private const int VersionAt = 32;

    // Version, key id and boot id come before the counter, as MessageSeal describes.
    private const int CounterAt = VersionAt + 1 + 8 + 8;
    private const int TimeAt = CounterAt + 8;
    private static readonly ClusterKeys Keys = new("a secret of these tests");

    private readonly HandClock _clock = new();

    [Fact]
    public void ASealedMessage_IsOpenedOnce_WithItsContent()
    {
        var (sealer, verifier) = (SealerOf(Keys), VerifierOf(Keys));
        var message = sealer.Seal("{\"a\":1}"u8);
        Assert.Equal(SealFault.None, verifier.Open(message, out var content));
        Assert.Equal("{\"a\":1}"u8, content.Span);
        Assert.Equal(SealFault.Replayed, verifier.Open(message, out content));
        Assert.True(content.IsEmpty);
        Assert.Equal(SealFault.None, verifier.Open(sealer.Seal([]), out content));
        Assert.True(content.IsEmpty);
    }

    [Fact]
    public void NoByteOfAMessage_CanBeChanged_AndNothingCutOffOrAdded()
    {
        var message = SealerOf(Keys).Seal("{\"owner\":\"0xab\",\"price\":\"0.5\"}"u8);
        for (var at = 0; at < message.Length; at++)
        {
            var changed = message.ToArray();
            changed[at] ^= (byte)(1 << (at % 8));
            AssertNotBelieved(changed);
        }

        for (var length = 0; length < message.Length; length++)
            AssertNotBelieved(message[..length]);
        AssertNotBelieved([.. message, (byte)' ']);
        Assert.Equal(SealFault.None, VerifierOf(Keys).Open(message, out _));

        void AssertNotBelieved(byte[] changed)
        {
            Assert.NotEqual(SealFault.None, VerifierOf(Keys).Open(changed, out var content));
            Assert.True(content.IsEmpty);
        }
    }

    [Theory]
    [InlineData("no JSON", SealFault.Unsealed)]
    [InlineData("", SealFault.Unsealed)]
    [InlineData(
        "{\"market\":1,\"epoch\":9000000000,\"sequence\":9000000000,\"previous\":0,\"snapshot\":true,\"levels\":[]}",
        SealFault.Unsealed
    )]
    public void AMessageWithoutASeal_IsNamedSo(string message, SealFault fault) =>
        Assert.Equal(fault, VerifierOf(Keys).Open(System.Text.Encoding.UTF8.GetBytes(message), out _));

    [Fact]
    public void AMessageOfAnotherChannel_OrUnderAnotherSecret_IsNotBelieved()
    {
        var message = SealerOf(Keys, RedisSettings.DefaultKeyPrefix + "ws:depth").Seal("{}"u8);
        Assert.Equal(SealFault.Forged, VerifierOf(Keys).Open(message, out _));
        Assert.Equal(SealFault.UnknownKey, VerifierOf(new ClusterKeys("another secret of these tests")).Open(message, out _));
    }

    [Fact]
    public void DuringARotation_MessagesUnderBothSecretsAreBelieved()
    {
        ClusterKeys[] steps = [new("the old secret"), new("the old secret", "the new secret"), new("the new secret", "the old secret")];
        foreach (var receiver in steps[1..])
        {
            var verifier = VerifierOf(receiver);
            foreach (var sender in steps)
                Assert.Equal(SealFault.None, verifier.Open(SealerOf(sender).Seal("{}"u8), out _));
        }
    }

    [Theory]
    [InlineData(-11, SealFault.Stale)]
    [InlineData(-10, SealFault.None)]
    [InlineData(10, SealFault.None)]
    [InlineData(11, SealFault.Stale)]
    public void AMessageOfAnotherTime_IsBelievedUpToTheBound(double sentSecondsFromNow, SealFault fault)
    {
        var now = _clock.Now;
        _clock.Now = now.AddSeconds(sentSecondsFromNow);
        var message = SealerOf(Keys).Seal("{}"u8);
        _clock.Now = now;
        Assert.Equal(fault, VerifierOf(Keys).Open(message, out _));
    }

    /// <summary>Sealed under the cluster's key by a node that is broken: it must not stop the channel of its receivers.</summary>
    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(253_402_300_800_000)]
    [InlineData(long.MaxValue)]
    public void AMessageOfATimeThatIsNone_IsStale(long sentAt)
    {
        var message = SealerOf(Keys).Seal("{}"u8);
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(TimeAt), sentAt);
        Sign(message);
        Assert.Equal(SealFault.Stale, VerifierOf(Keys).Open(message, out var content));
        Assert.True(content.IsEmpty);
    }

    [Fact]
    public void AnOlderMessageOfASender_IsAReplay_ButNotOneOfItsNextProcess()
    {
        var (sealer, verifier) = (SealerOf(Keys), VerifierOf(Keys));
        var (first, second) = (sealer.Seal("1"u8), sealer.Seal("2"u8));
        Assert.Equal(SealFault.None, verifier.Open(second, out _));
        Assert.Equal(SealFault.Replayed, verifier.Open(first, out _));
        Assert.Equal(SealFault.None, verifier.Open(SealerOf(Keys).Seal("1"u8), out _));
    }

    [Fact]
    public void MessagesThatDoNotArrive_AreNoticedByTheNext_Once()
    {
        var (sealer, verifier) = (SealerOf(Keys), VerifierOf(Keys));
        sealer.Seal("not received, and before anything was"u8);
        Assert.Equal(SealFault.None, verifier.Open(sealer.Seal("1"u8), out _));
        Assert.Equal(SealFault.None, verifier.Open(sealer.Seal("2"u8), out _));
        Assert.False(verifier.TakeMissed());
        sealer.Seal("lost"u8);
        Assert.Equal(SealFault.None, verifier.Open(sealer.Seal("4"u8), out _));
        Assert.True(verifier.TakeMissed());
        Assert.False(verifier.TakeMissed());
    }

    /// <summary>By a node with the cluster's secret: it must not silence another one.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(10, 11)]
    public void ASenderWhoseCounterAnotherNodeUsedUp_IsMissed_AndHeardAgain(int forgedSecondsAhead, int heardAfterSeconds)
    {
        var (sealer, verifier) = (SealerOf(Keys), VerifierOf(Keys));
        var known = sealer.Seal("1"u8);
        Assert.Equal(SealFault.None, verifier.Open(known, out _));
        var forged = Forged(known, long.MaxValue, forgedSecondsAhead);
        Assert.Equal(SealFault.None, verifier.Open(forged, out _));
        Assert.True(verifier.TakeMissed());

        var next = sealer.Seal("2"u8);
        Assert.Equal(SealFault.Replayed, verifier.Open(next, out _));
        Assert.True(verifier.TakeMissed());
        _clock.Now += TimeSpan.FromSeconds(heardAfterSeconds);
        var later = sealer.Seal("3"u8);
        Assert.Equal(SealFault.None, verifier.Open(later, out var content));
        Assert.Equal("3"u8, content.Span);
        Assert.True(verifier.TakeMissed());
        foreach (var replayed in new[] { later, next, known, forged })
            Assert.NotEqual(SealFault.None, verifier.Open(replayed, out _));
        Assert.Equal(SealFault.None, verifier.Open(sealer.Seal("4"u8), out _));
    }

    /// <summary>The time of sending goes back, so it must not make a captured message look like the latest one.</summary>
    [Fact]
    public void ASenderWhoseClockIsSetBack_IsHeard_AndItsMessagesCannotBeReplayed()
    {
        var (sealer, verifier) = (SealerOf(Keys), VerifierOf(Keys));
        var messages = new List<byte[]> { sealer.Seal("1"u8), sealer.Seal("2"u8) };
        _clock.Now -= TimeSpan.FromSeconds(5);
        messages.Add(sealer.Seal("3"u8));
        foreach (var message in messages)
            Assert.Equal(SealFault.None, verifier.Open(message, out _));
        foreach (var message in messages)
            Assert.Equal(SealFault.Replayed, verifier.Open(message, out _));
        Assert.False(verifier.TakeMissed());
        Assert.Equal(SealFault.None, verifier.Open(sealer.Seal("4"u8), out _));
    }

    [Fact]
    public void AMessageAboveTheBound_IsNotExamined()
    {
        var (sealer, verifier) = (SealerOf(Keys), VerifierOf(Keys));
        var header = sealer.Seal([]).Length;
        Assert.Equal(SealFault.None, verifier.Open(sealer.Seal(new byte[MessageSeal.MaxBytes - header]), out _));
        Assert.Equal(SealFault.Oversized, verifier.Open(sealer.Seal(new byte[MessageSeal.MaxBytes - header + 1]), out _));
    }

    [Fact]
    public void TheSendersKept_AreBounded_AndForgottenOnlyWhenTheirMessagesAreStale()
    {
        var verifier = VerifierOf(Keys);
        var first = SealerOf(Keys).Seal("{}"u8);
        Assert.Equal(SealFault.None, verifier.Open(first, out _));
        for (var others = 1; others < MessageSeal.MaxSenders; others++)
            Assert.Equal(SealFault.None, verifier.Open(SealerOf(Keys).Seal("{}"u8), out _));
        Assert.Equal(SealFault.TooManySenders, verifier.Open(SealerOf(Keys).Seal("{}"u8), out _));
        Assert.Equal(SealFault.Replayed, verifier.Open(first, out _));
        _clock.Now += 2.1 * MessageSeal.MaxClockDistance;
        Assert.Equal(SealFault.None, verifier.Open(SealerOf(Keys).Seal("{}"u8), out _));
        Assert.Equal(SealFault.Stale, verifier.Open(first, out _));
    }

    private byte[] Forged(byte[] message, long counter, int secondsAhead)
    {
        message = [.. message];
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(CounterAt), counter);
        var sentAt = _clock.Now.AddSeconds(secondsAhead).ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(TimeAt), sentAt);
        Sign(message);
        return message;
    }

    private static void Sign(byte[] message) =>
        Keys.For("messages " + Channel).ForOneThread().Sign(message.AsSpan(VersionAt), message.AsSpan(0, VersionAt));

    private MessageSealer SealerOf(ClusterKeys keys, string channel = Channel) =>
        new(keys, channel, new NodeIdentity("n1", "test", "0", _clock.Now), _clock);

    private MessageVerifier VerifierOf(ClusterKeys keys) => new(keys, Channel, _clock);

    private sealed class HandClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
