using Bunit;
using Foresight.Console.Shell;

namespace Foresight.Console.Tests.Shell;

public sealed class ShortcutsTests : ConsoleContext
{
    [Fact]
    public void Help_ListsEveryShortcut_AndTheScriptFindsTheLinkOfEach()
    {
        var help = Render<HelpDialog>();
        var text = Text(help);
        Assert.Contains("Ctrl K or / Look something up", text);
        Assert.Contains("? This list", text);
        Assert.All(
            Shortcuts.Pages,
            page =>
            {
                Assert.Contains($"g then {page.Key} {page.Page}", text);
                Assert.Equal(page.Href, help.Find($"[data-go={page.Key}]").GetAttribute("href"));
            }
        );
        Assert.Equal(Shortcuts.Pages.Count, Shortcuts.Pages.DistinctBy(page => page.Key).Count());
    }

    [Fact]
    public void Frame_HasBothDialogs_WithAButtonForEach_AndKeysLeadToPagesOfTheMenu()
    {
        Api.Answer("/admin/overview", () => Samples.Overview());
        var frame = Render<MainLayout>();
        Assert.All(
            [Shortcuts.LookupDialog, Shortcuts.HelpDialog],
            id =>
            {
                Assert.Single(frame.FindAll($"dialog#{id}"));
                Assert.Single(frame.FindAll($"button[data-open={id}]"));
            }
        );
        Assert.Subset(
            frame.FindAll(".side-links a").Select(link => link.GetAttribute("href")!.TrimStart('/')).ToHashSet(),
            Shortcuts.Pages.Select(page => page.Href.TrimStart('/')).ToHashSet()
        );
    }
}
