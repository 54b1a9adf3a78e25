namespace Foresight.Console.Live;

/// <summary>
/// The page of one thing. The framework keeps the page when only the id in its address changes, so it reads again by itself.
/// </summary>
public abstract class DetailPage<T> : LivePage
    where T : class
{
    private string? _asked;

    protected LiveValue<T> Detail { get; private set; } = null!;

    /// <summary>As it stands in the address.</summary>
    protected abstract string Asked { get; }

    protected virtual TimeSpan Pause => TimeSpan.FromSeconds(1);

    protected abstract Task<T> ReadAsync(CancellationToken cancellationToken);

    protected override void OnInitialized()
    {
        _asked = Asked;
        Detail = ReadEvery(Pause, ReadAsync);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_asked == Asked)
            return;

        _asked = Asked;
        // Nothing of the thing before may stand under the new one's name.
        Detail.Forget();
        if (RendererInfo.IsInteractive)
            await ReadNowAsync(Detail);
    }
}
