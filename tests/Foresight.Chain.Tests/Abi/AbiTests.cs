using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;
using Xunit;

namespace Foresight.Chain.Tests.Abi;

public sealed class AbiTests
{
    [Fact]
    public void EncodeAndDecode_AreTheOnesOfOthers()
    {
        foreach (var vector in Vectors.List("abi"))
        {
            var parameters = AbiType.Parse(vector.Text("types")).Components;
            var values = vector.GetProperty("values").EnumerateArray().Select((v, i) => Vectors.Value(parameters[i].Type, v)).ToArray();

            Assert.Equal(vector.Text("encoded"), Hex.Encode(AbiEncoder.Encode(parameters, values)));
            Assert.Equal(values, AbiDecoder.Decode(parameters, vector.Bytes("encoded")));
        }
    }

    [Fact]
    public void Decode_OfTruncatedData_IsRefusedAtEveryLength()
    {
        foreach (var vector in Vectors.List("abi").Where(v => v.Text("encoded").Length < 3_000))
        {
            var parameters = AbiType.Parse(vector.Text("types")).Components;
            var whole = vector.Bytes("encoded");

            // A length that ends within the padding of the last bytes is complete; so whole words are cut off.
            for (var length = 0; length < whole.Length; length += 32)
            {
                try
                {
                    AbiDecoder.Decode(parameters, whole.AsSpan(0, length));
                    Assert.True(length > 0, vector.Text("types"));
                }
                catch (FormatException)
                {
                    // Expected: the only way in which malformed data is refused.
                }
            }
        }
    }

    [Fact]
    public void Decode_OfDamagedData_NeverDoesAnythingButRefuse()
    {
        var random = new Random(3);
        foreach (var vector in Vectors.List("abi"))
        {
            var parameters = AbiType.Parse(vector.Text("types")).Components;
            for (var i = 0; i < 200; i++)
            {
                var damaged = vector.Bytes("encoded");
                for (var k = 0; k < 3 && damaged.Length > 0; k++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                try
                {
                    AbiDecoder.Decode(parameters, damaged);
                }
                catch (FormatException)
                {
                }
            }
        }
    }

    [Fact]
    public void Decode_OfAnArrayThatClaimsToBeHuge_AllocatesNothing()
    {
        var parameters = AbiType.Parse("(uint256[] a)").Components;
        var data = AbiEncoder.Encode(AbiType.Parse("(uint256 offset, uint256 length)").Components, 32, (BigInteger)int.MaxValue);
        Assert.Throws<FormatException>(() => AbiDecoder.Decode(parameters, data));
    }

    [Fact]
    public void Decode_OfArraysThatPointToEachOtherManyTimes_IsBounded()
    {
        // 4 levels of 64 offsets that all point to the same place: 16 million values in 8 kB.
        var parameters = AbiType.Parse("(uint256[][][][] a)").Components;
        var words = new List<BigInteger> { 32 };
        for (var level = 0; level < 3; level++)
        {
            words.Add(64);
            for (var i = 0; i < 64; i++) words.Add(64 * 32);
        }

        words.Add(64);
        for (var i = 0; i < 64; i++) words.Add(1);
        Assert.Throws<FormatException>(() => AbiDecoder.Decode(parameters, words.SelectMany(Word.ToBytes).ToArray()));
    }

    [Theory]
    [InlineData("(uint8 a)", "256")]
    [InlineData("(uint8 a)", "-1")]
    [InlineData("(int8 a)", "128")]
    [InlineData("(int8 a)", "-129")]
    public void Encode_OfANumberOutOfRange_NamesTheParameter(string types, string value)
    {
        var error = Assert.Throws<ArgumentException>(() => AbiEncoder.Encode(AbiType.Parse(types).Components, BigInteger.Parse(value)));
        Assert.Contains("a (", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(bool a)", "0000000000000000000000000000000000000000000000000000000000000002")]
    [InlineData("(address a)", "0000000000000000000000010000000000000000000000000000000000000000")]
    [InlineData("(uint8 a)", "0000000000000000000000000000000000000000000000000000000000000100")]
    [InlineData("(bytes4 a)", "0000000000000000000000000000000000000000000000000000000000000001")]
    [InlineData("(int8 a)", "0000000000000000000000000000000000000000000000000000000000000080")]
    public void Decode_OfAWordThatIsNoValueOfItsType_IsRefused(string types, string word)
        => Assert.Throws<FormatException>(() => AbiDecoder.Decode(AbiType.Parse(types).Components, Hex.Decode("0x" + word)));

    [Theory]
    [InlineData("uint7")]
    [InlineData("uint264")]
    [InlineData("uint0")]
    [InlineData("uint08")]
    [InlineData("bytes33")]
    [InlineData("bytes0")]
    [InlineData("uint256[0]")]
    [InlineData("uint256[")]
    [InlineData("uint256[-1]")]
    [InlineData("(uint256")]
    [InlineData("(uint256))")]
    [InlineData("float")]
    [InlineData("")]
    public void Parse_OfWhatIsNoType_IsRefused(string text) => Assert.Throws<FormatException>(() => AbiType.Parse(text));

    [Fact]
    public void SelectorsAndTopics_AreTheOnesOfOthers()
    {
        foreach (var vector in Vectors.List("signatures", "functions"))
            Assert.Equal(vector.Text("selector"), Hex.Encode(AbiFunction.Parse(vector.Text("signature")).Selector));
        foreach (var vector in Vectors.List("signatures", "events"))
            Assert.Equal(vector.Text("topic"), AbiEvent.Parse(vector.Text("signature")).Topic.ToString());
    }

    [Fact]
    public void Events_TakeIndexedValuesFromTheTopics()
    {
        foreach (var vector in Vectors.List("logs"))
        {
            var e = AbiEvent.Parse(vector.Text("signature"));
            var log = Log(
                [.. vector.GetProperty("topics").EnumerateArray().Select(t => Hash32.Parse(t.GetString()!))], vector.Bytes("data"));
            var values = e.Decode(log);

            Assert.True(e.Matches(log));
            for (var i = 0; i < e.Parameters.Count; i++)
                Assert.Equal(Vectors.Value(e.Parameters[i].Type, vector.GetProperty("values")[i]), values[e.Parameters[i].Name]);
        }
    }

    [Fact]
    public void Event_OfTheSameSignatureWithOtherIndexes_IsNotTakenForIt()
    {
        // ERC-721's Transfer has ERC-20's signature, and its number as a third index.
        var transfer = AbiEvent.Parse("Transfer(address indexed from, address indexed to, uint256 value)");
        var log = Log([transfer.Topic, Hash32.Zero, Hash32.Zero, Hash32.Zero], []);

        Assert.False(transfer.Matches(log));
        Assert.Throws<FormatException>(() => transfer.Decode(log));
    }

    private static EventLog Log(IReadOnlyList<Hash32> topics, byte[] data) =>
        new(Address.Zero, topics, data, 1, Hash32.Zero, Hash32.Zero, 0, 0, false);
}
