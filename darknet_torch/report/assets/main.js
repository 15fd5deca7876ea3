startTables();
startSlider(() => grid && showBoxes(), () => grid && arrange());
startPictures();
