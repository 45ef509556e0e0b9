using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>What a process writes to one of its own streams, cut at markers.</summary>
internal sealed class RawCapture
{
    private const int Most = 4_000_000;

    private readonly StringBuilder _text = new();
    private readonly SemaphoreSlim _more = new(0);
    private readonly string _marker;

    internal RawCapture(Stream stream, string marker)
    {
        _marker = marker + "\n";
        Ended = ReadAsync(stream);
    }

    internal Task Ended { get; }

    /// <summary>Takes the text before the next marker; when none comes in time, takes nothing.</summary>
    internal async Task<string> TakeToMarkerAsync(TimeSpan limit)
    {
        using var deadline = new CancellationTokenSource(limit);
        try
        {
            while (true)
            {
                if (TryTake() is { } text)
                    return text;
                if (Ended.IsCompleted)
                    return "";
                await _more.WaitAsync(deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return "";
        }
    }

    /// <summary>Takes everything that is there.</summary>
    internal string TakeAll()
    {
        lock (_text)
        {
            string text = _text.ToString().Replace(_marker, "", StringComparison.Ordinal);
            _text.Clear();
            return text;
        }
    }

    private string? TryTake()
    {
        lock (_text)
        {
            string text = _text.ToString();
            int at = text.IndexOf(_marker, StringComparison.Ordinal);
            if (at < 0)
                return null;
            _text.Remove(0, at + _marker.Length);
            return text[..at];
        }
    }

    private async Task ReadAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        char[] buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            lock (_text)
            {
                // What is too much is dropped from the front, so that a marker at the end is still found.
                if (_text.Length > Most)
                    _text.Remove(0, Most / 2);
                _text.Append(buffer, 0, count);
            }
            _more.Release();
        }
        _more.Release();
    }
}
