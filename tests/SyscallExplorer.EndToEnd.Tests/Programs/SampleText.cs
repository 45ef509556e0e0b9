using System.Text;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Input for programs that read text.</summary>
internal static class SampleText
{
    /// <summary>Lines of words that repeat as in a language, with a comma in each line; the same in every run.</summary>
    internal static byte[] Of(int length)
    {
        string[] words = ["an", "ant", "and", "the", "kernel", "enters", "leaves", "stack", "ring", "gate", "trap", "of", "in", "on", "0x1f", "ä"];
        var random = new Random(42);
        var text = new StringBuilder();
        while (text.Length < length)
        {
            for (int word = random.Next(3, 9); word > 0; word--)
                text.Append(words[random.Next(words.Length)]).Append(word == 2 ? "," : " ");
            text.Append(random.Next(100_000)).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
