using System.Numerics;
using System.Reflection;
using System.Text.Json;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Nethereum.ABI.Model;
using Xunit;

namespace Foresight.Chain.Tests.Abi;

public sealed class AbiTests
{
    // Only what the contracts return, emit and revert with is decoded. The encoder takes every type and is also tested by the
    // batch of matches.
    private static readonly string[] TypesThatAreRead =
    [
        "uint256",
        "uint8",
        "uint128",
        "bool",
        "address",
        "bytes32",
        "bytes",
        "string",
        "uint256[]",
    ];

    private static IEnumerable<(JsonElement Vector, string[] Types)> FlatVectors =>
        Vectors
            .List("abi")
            .Where(v => v.Text("types").LastIndexOf('(') == 0)
            .Select(v => (v, v.Text("types").Trim('(', ')').Split(", ").Select(p => p.Split(' ')[0]).ToArray()))
            .Where(v => v.Item2.All(TypesThatAreRead.Contains));

    [Fact]
    [Trait("Category", "Parts")]
    public void EncodeAndDecode_AreTheOnesOfOthers()
    {
        Assert.Equal(7, FlatVectors.Count());
        foreach (var (vector, types) in FlatVectors)
        {
            var values = vector.GetProperty("values").EnumerateArray().Select((v, i) => Vectors.Value(types[i], v)).ToArray();
            var (function, decoded) = (Function(types), Function(types).DecodeOutput(vector.Bytes("encoded")));

            Assert.Equal(vector.Text("encoded"), Hex.Encode(function.Encode(values).AsSpan(4)));
            Assert.Equal(values, values.Select((_, i) => decoded[i]));
        }
    }

    [Fact]
    [Trait("Category", "Parts")]
    public void Settle_OfABatch_IsEncodedAsOthersDo()
    {
        var vector = Vectors.List("abi")[^1];
        var matches = vector
            .GetProperty("values")[0]
            .EnumerateArray()
            .Select(m => new MarketMatch(BigInteger.Parse(m[0].GetString()!), [.. m[1].EnumerateArray().Select(Leg)]))
            .ToArray();
        Assert.Equal(vector.Text("encoded"), Hex.Encode(MarketContract.Settle(matches).AsSpan(4)));
        Assert.Equal(Vectors.List("signatures", "functions")[1].Text("selector"), Hex.Encode(MarketContract.SettleFunction.Selector));

        static MarketLeg Leg(JsonElement leg) =>
            new(
                new(
                    Address.Parse(leg[0][0].GetString()!),
                    Integer(leg[0][1]),
                    leg[0][2].GetBoolean(),
                    Integer(leg[0][3]),
                    Integer(leg[0][4]),
                    Integer(leg[0][5]),
                    Integer(leg[0][6])
                ),
                Hex.Decode(leg[1].GetString()!),
                Integer(leg[2]),
                Integer(leg[3])
            );

        static BigInteger Integer(JsonElement json) => BigInteger.Parse(json.GetString()!);
    }

    [Fact]
    public void Decode_OfTruncatedData_IsRefusedAtEveryLength()
    {
        foreach (var (vector, types) in FlatVectors)
        {
            // The padding of the last bytes may be missing, so whole words are removed.
            for (var length = 0; length < vector.Bytes("encoded").Length; length += 32)
                Assert.Throws<FormatException>(() => Function(types).DecodeOutput(vector.Bytes("encoded").AsSpan(0, length)));
        }
    }

    [Fact]
    public void Decode_OfDamagedData_NeverDoesAnythingButRefuse()
    {
        var random = new Random(3);
        foreach (var (vector, types) in FlatVectors)
        {
            for (var i = 0; i < 200; i++)
            {
                var damaged = vector.Bytes("encoded");
                for (var k = 0; k < 3; k++)
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                try
                {
                    Function(types).DecodeOutput(damaged);
                }
                catch (FormatException) { }
            }
        }
    }

    [Theory]
    [InlineData("uint256[]", 32)]
    [InlineData("bytes", 32)]
    [InlineData("string", 32)]
    [InlineData("bytes", int.MaxValue)]
    public void Decode_OfWhatClaimsToBeHuge_AllocatesNothing(string type, int offset) =>
        Assert.Throws<FormatException>(() => Function(type).DecodeOutput([.. Word.ToBytes(offset), .. Word.ToBytes(int.MaxValue)]));

    [Theory]
    [InlineData("bool", "0000000000000000000000000000000000000000000000000000000000000002")]
    [InlineData("address", "0000000000000000000000010000000000000000000000000000000000000000")]
    [InlineData("uint8", "0000000000000000000000000000000000000000000000000000000000000100")]
    public void Decode_OfAWordThatIsNoValueOfItsType_IsRefused(string type, string word) =>
        Assert.Throws<FormatException>(() => Function(type).DecodeOutput(Hex.Decode("0x" + word)));

    /// <summary>A function, event or error that cannot be decoded must be found here, not in production.</summary>
    [Fact]
    public void EverythingThatTheWrappersName_IsRead()
    {
        var items = new[]
        {
            typeof(MarketContract),
            typeof(MarketEvents),
            typeof(MarketFactoryContract),
            typeof(UsdcContract),
            typeof(OutcomeTokenContract),
            typeof(VaultContract),
        }
            .SelectMany(w => w.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Select(f => f.GetValue(null))
            .ToArray();
        var zeros = new byte[Word.Size * 16];
        foreach (var function in items.OfType<AbiFunction>())
            function.DecodeOutput(zeros);
        foreach (var e in items.OfType<AbiEvent>())
            e.Decode(Enumerable.Range(1, 4).Select(n => Log([e.Topic, .. new Hash32[n - 1]], zeros)).Single(e.Matches));
        foreach (
            var error in new[] { ContractArtifact.Market, ContractArtifact.MarketFactory, ContractArtifact.Vault }
                .SelectMany(a => a.Abi.Errors)
                .Select(e => new AbiError(e))
        )
            error.Decode([.. error.Selector, .. zeros]);
        Assert.True(items.OfType<AbiFunction>().Count() > 20);
    }

    /// <summary>Values are encoded by position, so a wrong order would go unnoticed.</summary>
    [Theory]
    [Trait("Category", "Parts")]
    [InlineData("Market", "settle", typeof(MarketMatch), typeof(MarketLeg), typeof(OrderMessage))]
    [InlineData("MarketFactory", "setFeeTerms", typeof(FeeTerms))]
    public void Messages_HaveTheMembersOfTheContractsStructs(string contract, string function, params Type[] messages)
    {
        using var artifact = JsonDocument.Parse(typeof(ContractArtifact).Assembly.GetManifestResourceStream($"contracts/{contract}.json")!);
        var tuple = artifact
            .RootElement.GetProperty("abi")
            .EnumerateArray()
            .Single(f => f.TryGetProperty("name", out var name) && name.GetString() == function)
            .GetProperty("inputs")[0];
        foreach (var message in messages)
        {
            JsonElement[] components = [.. tuple.GetProperty("components").EnumerateArray()];
            var constructor = message.GetConstructors().Single(c => c.GetParameters().Length == components.Length);
            var names = constructor.GetParameters().Select(p => char.ToLowerInvariant(p.Name![0]) + p.Name[1..]);
            Assert.Equal(components.Select(c => c.Text("name")), names);

            object?[] values = [.. constructor.GetParameters().Select((p, i) => ValueOf(p.ParameterType, i + 1))];
            Assert.Equal(values, ((IAbiTuple)constructor.Invoke(values)).Values);
            tuple = components.FirstOrDefault(c => c.TryGetProperty("components", out _));
        }

        static object? ValueOf(Type type, int number) =>
            type == typeof(BigInteger) ? (BigInteger)number
            : type == typeof(int) ? number
            : type == typeof(bool) ? true
            : type == typeof(byte[]) ? new[] { (byte)number }
            : type == typeof(Address) ? new Address([.. new byte[19], (byte)number])
            : type == typeof(OrderMessage) ? OrderMessage.OfUnits(Address.Zero, 1, true, 2, 3, 4, 5)
            : Array.Empty<MarketLeg>();
    }

    [Fact]
    [Trait("Category", "Parts")]
    public void Events_TakeIndexedValuesFromTheTopics()
    {
        AbiEvent[] events = [UsdcContract.TransferEvent, MarketEvents.OrderFilled, MarketEvents.SettlementFailed];
        EventABI[] shapes =
        [
            .. new[] { ContractArtifact.MockUsdc, ContractArtifact.Market, ContractArtifact.Market }.Zip(
                ["Transfer", "OrderFilled", "SettlementFailed"],
                (a, n) => a.Abi.Events.Single(e => e.Name == n)
            ),
        ];
        foreach (var (i, vector) in Vectors.List("logs").Take(events.Length).Index())
        {
            var log = Log(
                [.. vector.GetProperty("topics").EnumerateArray().Select(t => Hash32.Parse(t.GetString()!))],
                vector.Bytes("data")
            );
            var values = events[i].Decode(log);
            Assert.True(events[i].Matches(log));
            foreach (var (k, parameter) in shapes[i].InputParameters.Index())
                Assert.Equal(Vectors.Value(parameter.Type, vector.GetProperty("values")[k]), values[parameter.Name]);
        }
    }

    [Fact]
    public void Event_OfTheSameSignatureWithOtherIndexes_IsNotTakenForIt()
    {
        // ERC-721's Transfer has ERC-20's signature, with its number as a third indexed value.
        var log = Log([UsdcContract.TransferEvent.Topic, Hash32.Zero, Hash32.Zero, Hash32.Zero], []);
        Assert.False(UsdcContract.TransferEvent.Matches(log));
        Assert.Throws<FormatException>(() => UsdcContract.TransferEvent.Decode(log));
    }

    private static AbiFunction Function(params string[] types)
    {
        Parameter[] parameters = [.. types.Select((t, i) => new Parameter(t, $"p{i}", i + 1))];
        return new AbiFunction(new FunctionABI("f", false) { InputParameters = parameters, OutputParameters = parameters });
    }

    private static EventLog Log(IReadOnlyList<Hash32> topics, byte[] data) =>
        new(Address.Zero, topics, data, 1, Hash32.Zero, Hash32.Zero, 0, 0, false);
}
