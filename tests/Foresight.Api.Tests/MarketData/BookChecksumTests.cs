using System.Text;
using Foresight.Api.MarketData;

namespace Foresight.Api.Tests.MarketData;

public sealed class BookChecksumTests
{
    /// <summary>
    /// The check value of CRC-32C in every catalogue of such codes, so the variant is the one that clients have in libraries.
    /// </summary>
    [Fact]
    public void OfBytes_IsCastagnolisCode() => Assert.Equal(0xE3069283u, BookChecksum.OfBytes(Encoding.ASCII.GetBytes("123456789")));

    /// <summary>Clients are written against the example of docs/market-data.md.</summary>
    [Fact]
    public void Of_TheDocumentedExample_IsTheDocumentedValue()
    {
        var bids = new Dictionary<int, long> { [5500] = 1250, [5490] = 300 };
        var asks = new Dictionary<int, long> { [5600] = 42 };
        byte[] bytes =
        [
            2,
            0x7c,
            0x15,
            0,
            0,
            0xe2,
            0x04,
            0,
            0,
            0,
            0,
            0,
            0,
            0x72,
            0x15,
            0,
            0,
            0x2c,
            0x01,
            0,
            0,
            0,
            0,
            0,
            0,
            1,
            0xe0,
            0x15,
            0,
            0,
            0x2a,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        Assert.Equal(BookChecksum.OfBytes(bytes), BookChecksum.Of(bids, asks));
        Assert.Equal(DocumentedValue(), BookChecksum.Of(bids, asks));
    }

    [Fact]
    public void Of_LooksAtTheBestTenOfASide()
    {
        var bids = Enumerable.Range(0, 12).ToDictionary(i => 5000 - i, _ => 1L);
        var checksum = BookChecksum.Of(bids, []);
        bids[4989] = 2;
        Assert.Equal(checksum, BookChecksum.Of(bids, []));
        bids[4991] = 2;
        Assert.NotEqual(checksum, BookChecksum.Of(bids, []));
    }

    [Fact]
    public void Of_ALevelOnTheOtherSide_IsAnotherBook() =>
        Assert.NotEqual(
            BookChecksum.Of(new Dictionary<int, long> { [1] = 1 }, []),
            BookChecksum.Of([], new Dictionary<int, long> { [1] = 1 })
        );

    private static uint DocumentedValue([System.Runtime.CompilerServices.CallerFilePath] string here = "")
    {
        var document = File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/market-data.md"));
        return uint.Parse(document.Split("its checksum is ")[1].Split('.')[0]);
    }
}
