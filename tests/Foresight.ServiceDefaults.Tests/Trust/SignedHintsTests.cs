using System.Text;
using Foresight.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Tests.Trust;

[Trait("Category", "Trust")]
public sealed class SignedHintsTests
{
    private const string Key = "a:key";

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly SettableTime _time = new();
    private readonly SignedHints _reader;

    public SignedHintsTests() => _reader = TestHints.Of(time: _time);

    [Fact]
    public void AValue_IsRead_WithItsMembersOnTheFirstLevel()
    {
        var value = TestHints.Of(time: _time).Sign(Key, new Content("x", 7));
        Assert.StartsWith("""{"name":"x","number":7,"proof":{""", value, StringComparison.Ordinal);
        Assert.Equal(new Content("x", 7), Read(value));
        // Readers poll, so the same value is read twice.
        Assert.Equal(new Content("x", 7), Read(value));
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("""{"name":"x","number":7}""")]
    [InlineData("""{"name":"x","proof":""")]
    [InlineData("""{"name":"x","proof":{}}""")]
    [InlineData("""{"name":"x","proof":null}""")]
    [InlineData(""","proof":{"keyId":"","sender":"","boot":"00000000-0000-0000-0000-000000000000","tag":""}}""")]
    public void AValueWithoutAProof_IsAbsent(string value) => Assert.Null(Read(value));

    [Fact]
    public void AValueLongerThanAnyNodeWrites_IsNotParsed()
    {
        var value = TestHints.Of(time: _time).Sign(Key, new Content(new string('x', SignedHints.MaximumLength), 7));
        Assert.Null(Read(value));
    }

    [Fact]
    public void AnyChangedCharacter_MakesTheValueAbsent()
    {
        var value = TestHints.Of(time: _time).Sign(Key, new Content("x", 7));
        for (var i = 0; i < value.Length; i++)
        {
            var changed = new StringBuilder(value) { [i] = value[i] == '1' ? '2' : '1' }.ToString();
            Assert.Null(Read(changed));
            Assert.Null(Read(value.Remove(i, 1)));
        }

        Assert.NotNull(Read(value));
    }

    [Fact]
    public void AValueOfAnotherKeyOrSecret_IsAbsent()
    {
        Assert.Null(Read(TestHints.Of(time: _time).Sign("another:key", new Content("x", 7))));
        Assert.Null(Read(TestHints.Of("another secret of these tests", time: _time).Sign(Key, new Content("x", 7))));
        Assert.NotNull(
            Read(
                TestHints
                    .Of("the next secret of these tests", alsoAccepted: TestStores.ClusterSecret, time: _time)
                    .Sign("a:key", new Content("x", 7)),
                alsoAccepted: "the next secret of these tests"
            )
        );
    }

    [Fact]
    public void AnOlderValueOfTheSameKey_IsAbsent_OnceANewerOneWasRead()
    {
        var writer = TestHints.Of(time: _time);
        var (first, second) = (writer.Sign(Key, new Content("first", 1)), writer.Sign(Key, new Content("second", 2)));
        Assert.NotNull(Read(first));
        Assert.NotNull(Read(second));
        Assert.Null(Read(first));

        _time.Now += TimeSpan.FromSeconds(1);
        Assert.NotNull(Read(TestHints.Of(nodeId: "the next holder", time: _time).Sign(Key, new Content("third", 3))));
        Assert.Null(Read(second));
        // Its writer may go on: the counter has risen, and so has the time.
        Assert.NotNull(Read(writer.Sign(Key, new Content("fourth", 4))));
    }

    [Fact]
    public void AValueOlderThanItsLifetime_OrFromTheFuture_IsAbsent()
    {
        var value = TestHints.Of(time: _time).Sign(Key, new Content("x", 7));
        _time.Now += Lifetime;
        Assert.NotNull(Read(value));
        _time.Now += TimeSpan.FromMilliseconds(1);
        Assert.Null(Read(value));
        Assert.NotNull(_reader.Read<Content>(HintKinds.Lease, Key, value, lifetime: null));
        _time.Now -= TimeSpan.FromMinutes(1);
        Assert.Null(Read(value));
    }

    [Fact]
    public void EachDroppedValue_IsCountedByItsReason()
    {
        using var counted = new CountedHints();
        var reader = TestHints.Of(time: _time, meters: counted);
        var writer = TestHints.Of(time: _time);
        var old = writer.Sign(Key, new Content("x", 1));
        foreach (var value in new[] { "{}", writer.Sign("b", new Content("x", 1)), writer.Sign(Key, new Content("x", 2)), old, "" })
            reader.Read<Content>(HintKinds.Node, Key, value, Lifetime);
        Assert.Equal(1, counted["node", "unsigned"]);
        Assert.Equal(1, counted["node", "forged"]);
        Assert.Equal(1, counted["node", "stale"]);
        Assert.Equal(0, counted["node", "implausible"]);
    }

    private Content? Read(RedisValue value, string? alsoAccepted = null) =>
        (alsoAccepted is null ? _reader : TestHints.Of(alsoAccepted: alsoAccepted, time: _time)).Read<Content>(
            HintKinds.Lease,
            Key,
            value,
            Lifetime
        );

    private sealed record Content(string Name, int Number);

    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
