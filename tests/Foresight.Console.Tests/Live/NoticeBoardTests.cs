using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Console.Tests.Live;

public sealed class NoticeBoardTests : ConsoleContext
{
    private NoticeBoard Board => Services.GetRequiredService<NoticeBoard>();

    [Fact]
    public void Notice_GoesByItself_AFailureLater()
    {
        var list = Render<NoticeList>();
        Board.Done("Run started", "Run 9");
        Board.Failed("The run was not started");
        list.WaitForAssertion(() => Assert.Equal("Run started: Run 9 The run was not started", Text(list)));

        Clock.Advance(TimeSpan.FromSeconds(6));
        list.WaitForAssertion(() => Assert.Equal("The run was not started", Text(list)));
        Clock.Advance(TimeSpan.FromSeconds(6));
        list.WaitForAssertion(() => Assert.Equal("", Text(list)));
    }

    [Fact]
    public void Notice_CanBeClosed()
    {
        var list = Render<NoticeList>();
        Board.Warn("3 recorded");
        list.WaitForAssertion(() => Assert.Equal("3 recorded", Text(list)));
        list.Find("button").Click();
        list.WaitForAssertion(() => Assert.Equal("", Text(list)));
    }

    [Fact]
    public void OldestNotices_MakeRoom()
    {
        for (var i = 1; i <= NoticeBoard.Most + 2; i++)
            Board.Note($"Notice {i}");
        Assert.Equal((NoticeBoard.Most, "Notice 3"), (Board.Notices.Count, Board.Notices[0].Text));
    }
}
