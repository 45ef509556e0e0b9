namespace SyscallExplorer.Linux.Tests;

/// <summary>The tree in memory by itself: names, links, moves, and what they cost.</summary>
public sealed class FileTreeTests
{
    private const long Root = FileTree.RootNumber;
    private FileTree _tree = FileTree.Create(0x1ED, 0, 0, 0);
    private long _now = 1;

    private static Inode File(string text = "") =>
        new(0, FileType.Regular | 0x1A4, 0, 0, 0, default, new RegularBody(FileContent.Of(System.Text.Encoding.ASCII.GetBytes(text))));

    private static Inode Folder() => new(0, FileType.Directory | 0x1ED, 0, 0, 0, default, DirectoryBody.Empty(0));

    private long Add(long parent, string name, Inode inode)
    {
        Take(_tree.Add(parent, name, inode, _now++, out int error), error);
        return _tree.Find(parent, name)!.Number;
    }

    private int Take(FileTree? tree, int error)
    {
        _tree = tree ?? _tree;
        return error;
    }

    private int Rename(long from, string oldName, long to, string newName) => Take(_tree.Rename(from, oldName, to, newName, _now++, out int error), error);

    [Fact]
    public void A_new_directory_has_two_links_and_gives_its_parent_one()
    {
        long directory = Add(Root, "d", Folder());
        Assert.Equal(2, _tree.Find(directory)!.Links);
        Assert.Equal(3, _tree.Root.Links);
        Assert.Equal(0, Take(_tree.RemoveDirectory(Root, "d", _now, out int error), error));
        Assert.Equal(2, _tree.Root.Links);
    }

    [Fact]
    public void A_name_can_be_given_once()
    {
        Add(Root, "a", File());
        Assert.Null(_tree.Add(Root, "a", File(), 0, out int error));
        Assert.Equal(-Errno.EEXIST, error);
    }

    [Fact]
    public void A_file_cannot_hold_names()
    {
        long file = Add(Root, "a", File());
        Assert.Null(_tree.Add(file, "b", File(), 0, out int error));
        Assert.Equal(-Errno.ENOTDIR, error);
    }

    [Fact]
    public void A_hard_link_is_the_same_file_until_the_last_name_goes()
    {
        long file = Add(Root, "a", File("text"));
        Assert.Equal(0, Take(_tree.Link(file, Root, "b", _now, out int error), error));
        Assert.Equal(2, _tree.Find(file)!.Links);
        Take(_tree.Unlink(Root, "a", _now, out error), error);
        Assert.Equal(file, _tree.Find(Root, "b")!.Number);
        Assert.Empty(_tree.Orphans);
        Take(_tree.Unlink(Root, "b", _now, out error), error);
        Assert.Equal([file], _tree.Orphans);
        Assert.NotNull(_tree.Find(file));
        Assert.Null(_tree.Forget(file).Find(file));
    }

    [Fact]
    public void A_directory_gets_no_second_name()
    {
        long directory = Add(Root, "d", Folder());
        Assert.Null(_tree.Link(directory, Root, "e", 0, out int error));
        Assert.Equal(-Errno.EPERM, error);
    }

    [Fact]
    public void Only_an_empty_directory_can_be_removed()
    {
        long directory = Add(Root, "d", Folder());
        Add(directory, "a", File());
        Assert.Null(_tree.RemoveDirectory(Root, "d", 0, out int error));
        Assert.Equal(-Errno.ENOTEMPTY, error);
        Assert.Null(_tree.Unlink(Root, "d", 0, out error));
        Assert.Equal(-Errno.EISDIR, error);
    }

    [Fact]
    public void A_removed_directory_takes_no_new_names()
    {
        long directory = Add(Root, "d", Folder());
        Take(_tree.RemoveDirectory(Root, "d", 0, out int error), error);
        Assert.Null(_tree.Add(directory, "a", File(), 0, out error));
        Assert.Equal(-Errno.ENOENT, error);
    }

    [Fact]
    public void A_moved_directory_has_another_parent()
    {
        long from = Add(Root, "from", Folder()), to = Add(Root, "to", Folder()), moved = Add(from, "d", Folder());
        Assert.Equal(0, Rename(from, "d", to, "e"));
        Assert.Equal(to, Assert.IsType<DirectoryBody>(_tree.Find(moved)!.Body).Parent);
        Assert.Equal((2, 3), (_tree.Find(from)!.Links, _tree.Find(to)!.Links));
        Assert.Null(_tree.Find(from, "d"));
        Assert.Equal("e", _tree.NameIn(to, moved));
    }

    [Fact]
    public void A_directory_cannot_be_moved_into_itself()
    {
        long outer = Add(Root, "d", Folder()), inner = Add(outer, "e", Folder());
        Assert.Equal(-Errno.EINVAL, Rename(Root, "d", inner, "f"));
        Assert.Equal(-Errno.EINVAL, Rename(Root, "d", outer, "f"));
    }

    [Fact]
    public void A_move_replaces_like_by_like_only()
    {
        long full = Add(Root, "full", Folder());
        Add(full, "x", File());
        Add(Root, "empty", Folder());
        Add(Root, "one", File("1"));
        Add(Root, "two", File("2"));
        Assert.Equal(-Errno.EISDIR, Rename(Root, "one", Root, "empty"));
        Assert.Equal(-Errno.ENOTDIR, Rename(Root, "empty", Root, "one"));
        Assert.Equal(-Errno.ENOTEMPTY, Rename(Root, "empty", Root, "full"));
        Assert.Equal(0, Rename(Root, "full", Root, "empty"));
        Assert.Equal(0, Rename(Root, "one", Root, "two"));
        Assert.Equal(["empty", "two"], Assert.IsType<DirectoryBody>(_tree.Root.Body).Entries.Keys);
        Assert.Equal(3, _tree.Root.Links);
        Assert.Equal(2, _tree.Orphans.Count);
    }

    [Fact]
    public void Moving_one_name_of_a_file_to_another_of_it_does_nothing()
    {
        long file = Add(Root, "a", File());
        Take(_tree.Link(file, Root, "b", 0, out int error), error);
        Assert.Equal(0, Rename(Root, "a", Root, "b"));
        Assert.NotNull(_tree.Find(Root, "a"));
        Assert.Equal(2, _tree.Find(file)!.Links);
    }

    [Fact]
    public void An_exchange_swaps_a_directory_and_a_file()
    {
        long folder = Add(Root, "d", Folder()), file = Add(folder, "a", File()), other = Add(Root, "e", Folder());
        Assert.Equal(0, Take(_tree.Exchange(folder, "a", Root, "e", _now, out int error), error));
        Assert.Equal(file, _tree.Find(Root, "e")!.Number);
        Assert.Equal(other, _tree.Find(folder, "a")!.Number);
        Assert.Equal((3, 3), (_tree.Root.Links, _tree.Find(folder)!.Links));
        Assert.Equal(-Errno.EINVAL, Take(_tree.Exchange(Root, "d", folder, "a", _now, out error), error));
    }

    [Fact]
    public void Room_is_what_files_and_their_pages_take_and_comes_back()
    {
        long before = _tree.Room, file = Add(Root, "a", File("text"));
        Assert.Equal(before + Inode.Overhead + FileContent.PageSize, _tree.Room);
        _tree = _tree.Replace(_tree.Find(file)! with { Body = new RegularBody(FileContent.Empty.WithLength(1L << 40)) });
        Assert.Equal(before + Inode.Overhead, _tree.Room);
        Take(_tree.Unlink(Root, "a", 0, out int error), error);
        Assert.Equal(before, _tree.Forget(file).Room);
    }

    [Fact]
    public void Names_are_in_the_order_of_their_bytes()
    {
        foreach (string name in (string[])["b", "B", "a", "ä".PadRight(2), "Z", "_", "1"])
            Add(Root, PathNames.OfText(name), File());
        Assert.Equal(["1", "B", "Z", "_", "a", "b", PathNames.OfText("ä ")], Assert.IsType<DirectoryBody>(_tree.Root.Body).Entries.Keys);
    }

    [Fact]
    public void A_change_leaves_the_tree_before_it_as_it_was()
    {
        FileTree before = _tree;
        Add(Root, "a", File());
        Assert.Null(before.Find(Root, "a"));
        Assert.Equal(1, before.Count);
    }
}

/// <summary>Bytes with holes.</summary>
public sealed class FileContentTests
{
    [Fact]
    public void A_gap_reads_as_zeroes_and_takes_no_room()
    {
        FileContent content = FileContent.Of("ab"u8).Write(1L << 30, "z"u8);
        Assert.Equal((1L << 30) + 1, content.Length);
        Assert.Equal(2 * FileContent.PageSize, content.Allocated);
        byte[] bytes = new byte[4];
        Assert.Equal(4, content.Read((1L << 30) - 3, bytes));
        Assert.Equal([0, 0, 0, (byte)'z'], bytes);
        Assert.Equal(0, content.Read(content.Length, bytes));
    }

    [Fact]
    public void What_was_cut_off_does_not_come_back()
    {
        FileContent content = FileContent.Of("0123456789"u8).WithLength(3).WithLength(6);
        Assert.Equal("012\0\0\0"u8.ToArray(), content.ToArray());
        Assert.Equal(0, content.WithLength(0).Allocated);
    }

    [Fact]
    public void Data_and_holes_are_found()
    {
        FileContent content = FileContent.Empty.Write(8192, "x"u8).WithLength(20000);
        Assert.Equal(8192, content.Next(0, isData: true));
        Assert.Equal(0, content.Next(0, isData: false));
        Assert.Equal(12288, content.Next(8192, isData: false));
        Assert.Null(content.Next(12288, isData: true));
        Assert.Equal(8195, content.Next(8195, isData: true));
    }

    [Fact]
    public void A_hole_clears_the_ends_of_pages_and_drops_whole_ones()
    {
        FileContent content = FileContent.Of(Enumerable.Repeat((byte)1, 3 * 4096).ToArray()).WithHole(4000, 4300);
        Assert.Equal(2 * 4096, content.Allocated);
        byte[] bytes = content.ToArray();
        Assert.Equal((1, 0, 0, 1), (bytes[3999], bytes[4000], bytes[8299], bytes[8300]));
        Assert.Equal(3 * 4096, bytes.Length);
    }
}
