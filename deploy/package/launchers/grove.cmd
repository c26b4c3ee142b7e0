@"%~dp0node.exe" "%~dp0app\bin\grove.js" %*
