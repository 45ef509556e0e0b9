namespace SyscallExplorer.Notebooks;

/// <summary>A value that was shown, and the place where it was.</summary>
public sealed class DisplayedValue
{
    private static int s_count;

    private readonly string _id = $"display-{Interlocked.Increment(ref s_count)}";
    private readonly string[] _mediaTypes;

    internal DisplayedValue(string[] mediaTypes) => _mediaTypes = mediaTypes;

    /// <summary>Shows another value in the place of the first.</summary>
    /// <param name="value">The value.</param>
    public void Update(object? value) => NotebookDisplay.Sink?.Show(value, _mediaTypes, _id, isUpdate: true);

    internal void Show(object? value) => NotebookDisplay.Sink?.Show(value, _mediaTypes, _id, isUpdate: false);
}
