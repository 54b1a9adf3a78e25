using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Live;

public abstract class FeedPage : LivePage
{
    [Inject]
    protected OperationsFeed Feed { get; set; } = null!;

    protected override void OnInitialized() => Feed.Changed += StateHasChanged;

    public override ValueTask DisposeAsync()
    {
        Feed.Changed -= StateHasChanged;
        GC.SuppressFinalize(this);
        return base.DisposeAsync();
    }
}
