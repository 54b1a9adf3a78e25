using Xunit;

namespace Foresight.Chain.Tests;

public sealed class KeccakTests
{
    [Fact]
    public void Hash_OfEveryLengthAroundTheBlockSize_IsTheOneOfOthers()
    {
        foreach (var vector in Vectors.List("hashes"))
            Assert.Equal(vector.Text("hash"), Keccak256.Hash(vector.Bytes("data")).ToString());
    }

    [Fact]
    public void HashText_IsOfTheUtf8Bytes()
    {
        foreach (var vector in Vectors.List("utf8"))
            Assert.Equal(vector.Text("hash"), Keccak256.HashText(vector.Text("text")).ToString());
    }
}
