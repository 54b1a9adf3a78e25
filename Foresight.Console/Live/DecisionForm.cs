using Foresight.Console.Access;
using Foresight.Console.Api;
using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Live;

/// <summary>A part that sends a decision, which the Api records or refuses; without an answer it may have recorded it.</summary>
public abstract class DecisionForm : ComponentBase
{
    [Inject]
    protected ForesightApiClient Api { get; set; } = null!;

    [Inject]
    protected SessionEnd SessionEnd { get; set; } = null!;

    [Inject]
    protected NoticeBoard Notices { get; set; } = null!;

    /// <summary>Null unless the last decision failed.</summary>
    protected string? Failure { get; set; }

    protected bool IsBusy { get; private set; }

    /// <param name="send">Sends without a cancellation token, because leaving the page must not abort a decision.</param>
    /// <param name="recordedIn">Where an operator sees whether it was recorded.</param>
    protected async Task DecideAsync(Func<Task> send, string recordedIn = "history")
    {
        (IsBusy, Failure) = (true, null);
        try
        {
            await send();
        }
        catch (KeyRefusedException)
        {
            await SessionEnd.RefusedAsync();
        }
        catch (ApiRefusedException e)
        {
            Failure = e.Message;
        }
        catch (ApiUnavailableException e)
        {
            Failure = $"It is not known whether this was recorded; look at the {recordedIn} before you try again. {e.Message}";
        }
        finally
        {
            IsBusy = false;
        }
    }
}
