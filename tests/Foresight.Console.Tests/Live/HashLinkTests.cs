using Bunit;
using Foresight.Console.Live;

namespace Foresight.Console.Tests.Live;

public sealed class HashLinkTests : ConsoleContext
{
    private const string Hash = Samples.Hash;

    [Fact]
    public void Hash_IsShort_InFullInItsTitle_AndInTheCopyButton()
    {
        var shown = Render<HashLink>(set => set.Add(link => link.Value, Hash).Add(link => link.Href, "/orders/1"));
        Assert.Equal("0x111111…2222", Text(shown));
        Assert.Equal((Hash, "/orders/1"), (shown.Find("a").GetAttribute("title"), shown.Find("a").GetAttribute("href")));
        var button = shown.Find("button");
        Assert.Equal((Hash, "button"), (button.GetAttribute("data-copy"), button.GetAttribute("type")));
        Assert.Equal("Copy 0x111111…2222", button.GetAttribute("aria-label"));
    }

    [Fact]
    public void WithoutAPage_ThereIsNoLink_AndWithRoomItIsWhole()
    {
        var shown = Render<HashLink>(set => set.Add(link => link.Value, Hash).Add(link => link.IsWhole, true));
        Assert.Equal(Hash, Text(shown));
        Assert.Empty(shown.FindAll("a"));
    }

    [Fact]
    public void WithoutAValue_ThereIsNothingToCopy() => Assert.Empty(Render<HashLink>(set => set.Add(link => link.Value, null)).Nodes);
}
