using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Protocol;

namespace Foresight.Protocol.Tests.Wire;

public sealed class JsonTests
{
    private static readonly JsonSerializerOptions Web = JsonSerializerOptions.Web;

    /// <summary>As the gateway reads, so that a batch that lacks a member is refused, not filled with zeros.</summary>
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true };

    public static TheoryData<string> Names => [.. WireRecords.All.Select(type => type.Name)];

    [Fact]
    public void EveryRecord_WithAllMembers_IsWrittenSo() => Golden.Check("json-full.txt", Texts(full: true));

    [Fact]
    public void EveryRecord_WithWhatIsNeeded_IsWrittenSo() => Golden.Check("json-least.txt", Texts(full: false));

    [Theory]
    [MemberData(nameof(Names))]
    public void Record_IsReadAsItWasWritten(string name)
    {
        foreach (var full in new[] { true, false })
        {
            var text = Write(Make(name, full));
            var read = Read(name, text);
            Assert.Equal(Of(name), read.GetType());
            Assert.Equal(text, Write(read));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void MemberOfALaterVersion_IsPassedOver(string name)
    {
        var text = Write(Make(name, full: true));
        var later = JsonNode.Parse(text)!.AsObject();
        later["addedLater"] = new JsonObject { ["deep"] = new JsonArray(1, "two", null) };
        Assert.Equal(text, Write(Read(name, later.ToJsonString())));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OptionalMember_ThatAnEarlierVersionDoesNotWrite_HasItsDefault(string name)
    {
        var type = Of(name);
        foreach (
            var parameter in type.GetConstructors().MaxBy(one => one.GetParameters().Length)!.GetParameters().Where(one => one.IsOptional)
        )
        {
            var earlier = JsonNode.Parse(Write(Make(name, full: true)))!.AsObject();
            Assert.True(earlier.Remove(WireRecords.JsonName(parameter.Name!)), parameter.Name);
            var read = JsonSerializer.Deserialize(earlier.ToJsonString(), WireRecords.WrittenAs(type), Strict)!;
            Assert.Equal(WireRecords.DefaultOf(parameter), type.GetProperty(parameter.Name!)!.GetValue(read));
        }
    }

    [Fact]
    public void Command_WithoutANeededMember_IsNotRead()
    {
        var kinds = WireRecords.All.Where(type => typeof(LeaderCommand).IsAssignableFrom(type)).ToList();
        Assert.Equal(13, kinds.Count);
        foreach (var kind in kinds)
        {
            var least = JsonNode.Parse(Write(WireRecords.Make(kind, full: false)))!.AsObject();
            foreach (var member in Needed(kind))
            {
                var lacking = least.DeepClone().AsObject();
                Assert.True(lacking.Remove(member), member);
                Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<LeaderCommand>(lacking.ToJsonString(), Strict));
            }
        }
    }

    [Theory]
    [InlineData("""{"requestId":"00000000-0000-0000-0000-000000000001","marketId":7}""")]
    [InlineData("""{"kind":0,"requestId":"00000000-0000-0000-0000-000000000001","marketId":7}""")]
    [InlineData("""{"kind":14,"requestId":"00000000-0000-0000-0000-000000000001","marketId":7}""")]
    [InlineData("""{"kind":"PlaceOrder","requestId":"00000000-0000-0000-0000-000000000001","marketId":7}""")]
    public void CommandOfNoKnownKind_IsNotRead(string text) =>
        Assert.ThrowsAny<Exception>(() => JsonSerializer.Deserialize<LeaderCommand>(text, Strict));

    [Fact]
    public void KindOfACommand_IsNamedInLogs_AndNotOnTheWire()
    {
        Assert.Equal("Place", ((PlaceOrder)Make(nameof(PlaceOrder), full: false)).Kind);
        Assert.Equal("SettleTrade", ((SettleTrade)Make(nameof(SettleTrade), full: false)).Kind);
        Assert.DoesNotContain("Place", Write(Make(nameof(PlaceOrder), full: false)), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Texts(bool full) =>
        WireRecords.All.Select(type => $"{type.Name} {Write(WireRecords.Make(type, full))}");

    private static IEnumerable<string> Needed(Type kind) =>
        kind.GetConstructors()
            .MaxBy(one => one.GetParameters().Length)!
            .GetParameters()
            .Where(parameter => !parameter.IsOptional)
            .Select(parameter => WireRecords.JsonName(parameter.Name!))
            .Append("requestId");

    private static Type Of(string name) => WireRecords.All.Single(type => type.Name == name);

    private static object Make(string name, bool full) => WireRecords.Make(Of(name), full);

    private static string Write(object record) => JsonSerializer.Serialize(record, WireRecords.WrittenAs(record.GetType()), Web);

    private static object Read(string name, string text) => JsonSerializer.Deserialize(text, WireRecords.WrittenAs(Of(name)), Web)!;
}
